import { oneLine } from "../text/bounded-text.js";
import { fieldsOf } from "../text/json-fields.js";

/** An opencode server could not be asked, or did not do what it was asked for. */
export class ServerRequestError extends Error {
  override readonly name = "ServerRequestError";
  readonly code = "opencode_server_failed";
  /** @param what what was asked for, to stand after "could not" */
  constructor(
    what: string,
    /** What the server answered with; undefined when there was no answer. */
    readonly answer: unknown,
    readonly statusCode: number | undefined,
  ) {
    const how = statusCode === undefined ? "" : ` (status ${statusCode})`;
    super(`opencode's server could not ${what}${how}: ${saidIn(answer)}`);

    if (answer instanceof Error) this.cause = answer;
  }
}

/** The message in a server's error object, on one line. */
function saidIn(answer: unknown): string {
  const text = messageIn(answer) ?? (typeof answer === "string" ? answer : JSON.stringify(answer));
  return oneLine(text ?? "") || "it said nothing";
}

function messageIn(answer: unknown): string | undefined {
  const { message, data } = fieldsOf(answer);
  if (typeof message === "string") return message;
  return data === undefined ? undefined : messageIn(data);
}
