/** What is ticked after a click on one: two at most, of which the longest ticked gives way. */
export function afterTick(ticked: readonly string[], id: string): readonly string[] {
  return ticked.includes(id) ? ticked.filter((one) => one !== id) : [...ticked, id].slice(-2);
}
