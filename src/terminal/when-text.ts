const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * When something was, in the reader's own time zone, as short as it is clear: `14:05` of today, `28 Nov 14:05` of this
 * year, else `28 Nov 2025`.
 *
 * @param at ms since the epoch
 * @param now ms since the epoch
 */
export function whenText(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (Number.isNaN(then.getTime())) return "–";
  const time = [then.getHours(), then.getMinutes()].map((value) => String(value).padStart(2, "0")).join(":");
  const day = `${then.getDate()} ${MONTHS[then.getMonth()]}`;
  if (then.getFullYear() !== today.getFullYear()) return `${day} ${then.getFullYear()}`;
  return then.toDateString() === today.toDateString() ? time : `${day} ${time}`;
}
