/** What the tap writes when it is loaded: for a program in opencode's place, which asks no models. */
export function writeFirstLineOfTap(): void {
  const { LOOPTRACE_WIRE_FOLDER, LOOPTRACE_WIRE_CONTENT } = process.env;
  if (!LOOPTRACE_WIRE_FOLDER) return;
  const { pid } = process;
  const content = LOOPTRACE_WIRE_CONTENT !== "0";
  const line = { t: "tap", v: 1, id: String(pid), pid, at: Date.now(), mode: "preload", content };
  // Without an import, so that its text works in any program.
  process
    .getBuiltinModule("node:fs")
    .writeFileSync(`${LOOPTRACE_WIRE_FOLDER}/${pid}.jsonl`, `${JSON.stringify(line)}\n`, { mode: 0o600 });
}

/** The same as a statement of JavaScript. */
export const FIRST_LINE_OF_TAP = `(${writeFirstLineOfTap.toString()})();`;
