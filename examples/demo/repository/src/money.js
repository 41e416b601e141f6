/** Takes a percentage off and rounds half a cent up. */
export function percentOff(cents, percent) {
  return Math.round((cents * (100 - percent)) / 100);
}
