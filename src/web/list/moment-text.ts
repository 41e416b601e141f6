/** A moment in the reader's own time zone, `2026-11-21 09:05`. @param ms since the epoch */
export function momentText(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "–";
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(padded).join("-");
  return `${day} ${[date.getHours(), date.getMinutes()].map(padded).join(":")}`;
}

function padded(value: number): string {
  return String(value).padStart(2, "0");
}
