/** How exchanges are named: `<recording>:<number of the request in it>`. */

const RECORDING = /^[\w-]{1,100}$/;
const EXCHANGE = /^([\w-]{1,100}):(\d{1,15})$/;

/** Whether a recording may be called so, in ids and in the names of files. */
export function isRecordingName(name: string): boolean {
  return RECORDING.test(name);
}

/** The nearest name that a recording may have. */
export function recordingName(name: string): string {
  return name.replace(/[^\w-]+/g, "-").slice(0, 100) || "recording";
}

/** The id of an exchange. @param n the request's number in its recording */
export function exchangeId(recording: string, n: number): string {
  return `${recording}:${n}`;
}

/** What the id of an exchange says; undefined when it is none. */
export function parseExchangeId(id: string): { readonly recording: string; readonly n: number } | undefined {
  const [, recording, n] = EXCHANGE.exec(id) ?? [];
  return recording === undefined ? undefined : { recording, n: Number(n) };
}
