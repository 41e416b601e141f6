/** What a line of a unified diff is. */
export function diffLineKind(line: string): "head" | "place" | "added" | "removed" | "same" {
  if (/^(?:Index: |diff |={20,}|--- |\+\+\+ )/.test(line)) return "head";
  if (line.startsWith("@@")) return "place";
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "same";
}
