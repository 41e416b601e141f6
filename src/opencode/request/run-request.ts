import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { RunRequestError } from "../../errors/run-request-error.js";
import type { McpServer } from "../program/compose-config.js";
import type { WireMode } from "../program/wire-recording.js";
import type { CheckAnswer } from "./asked-answer.js";
import type { PermissionPolicy } from "./permission-policy.js";

/** One prompt for opencode, and the circumstances under which it works on it. */
export interface RunRequest {
  /** Stored by opencode exactly as given, of any length. */
  readonly message: string;
  /** Where opencode works; the working directory of this process when not given. */
  readonly directory?: string | undefined;
  /** `provider/model`. */
  readonly model?: string | undefined;
  readonly agent?: string | undefined;
  /** The provider's reasoning effort or the like, such as `high`. */
  readonly variant?: string | undefined;
  /** Files to attach; relative ones belong to this process' working directory. */
  readonly files?: readonly string[] | undefined;
  /** The session to go on with. */
  readonly session?: string | undefined;
  /** Go on with the project's last session. */
  readonly continueLast?: boolean | undefined;
  /** Go on in a copy of that session. */
  readonly fork?: boolean | undefined;
  readonly title?: string | undefined;
  /** A command of opencode's; the message becomes its arguments. */
  readonly command?: string | undefined;
  /**
   * Who answers when opencode asks for a permission that its configuration neither allows nor denies; `deny` by
   * default.
   */
  readonly permissions?: PermissionPolicy | undefined;
  /** Becomes an agent's prompt: the named agent's, else that of an agent `looptrace`. */
  readonly systemPrompt?: string | undefined;
  readonly mcp?: readonly McpServer[] | undefined;
  /**
   * A JSON schema for the answer: the model has to give it as a value of this form. opencode does not check that it
   * does. Only the driver server can ask for it.
   */
  readonly schema?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Where an answer does not fit the schema. opencode 2 has no structured answers: it is asked for in the prompt, and
   * again in up to two more while the answer does not fit.
   */
  readonly checkAnswer?: CheckAnswer | undefined;
  /** Whether opencode reads the opencode.json of the project; not by default. */
  readonly projectConfig?: boolean | undefined;
  /** What is recorded of opencode's requests to models; nothing by default. */
  readonly wire?: WireMode | undefined;
  /**
   * The id of the trace that a prompt will become: then the requests to models carry it. Only the driver server can
   * do it, and only what is recorded tells which request became which span.
   */
  readonly traceIdOf?: ((sessionId: string, messageId: string) => string) | undefined;
  /** Handed to `opencode run` as they are, after all others. */
  readonly extraArguments?: readonly string[] | undefined;
  /** Whether a model that a server does not list, or such an agent of 1.x, is refused before there is a prompt of it. */
  readonly refuseUnknownModel?: boolean | undefined;
  /** How long the whole run may take, ms; 10 minutes by default, `Infinity` for ever. */
  readonly deadlineMs?: number | undefined;
  /** How long opencode has to end by itself before it is killed, ms; 5 s by default. */
  readonly graceMs?: number | undefined;
  /** How long a server may stay afterwards for runs to come, ms; 0 for not at all. See `warmthOf`. */
  readonly warmMs?: number | undefined;
}

/** A request with its paths made absolute and its gaps filled, known to be sound. */
export interface CheckedRequest extends RunRequest {
  readonly directory: string;
  readonly files: readonly string[];
  readonly deadlineMs: number;
  readonly graceMs: number;
}

export const DEFAULT_DEADLINE_MS = 600_000;
export const DEFAULT_GRACE_MS = 5_000;

/**
 * Finds out what opencode would only stumble over later, or silently understand otherwise.
 *
 * @throws {RunRequestError} naming the field and what to change
 */
export function checkRequest(request: RunRequest): CheckedRequest {
  if (request.message.trim() === "" && request.command === undefined) {
    const files = request.files?.length
      ? " opencode wants one beside attached files too: say what to do with them."
      : " Say what to do.";
    throw new RunRequestError("message", `is empty.${files}`);
  }
  for (const field of ["model", "agent", "variant", "session", "title", "command"] as const) {
    const value = request[field];
    if (value === undefined) continue;
    if (value.trim() === "") throw new RunRequestError(field, "is empty.\nLeave it out to let opencode choose.");
    if (value.includes("\0")) {
      throw new RunRequestError(field, "contains a NUL character, which no program's arguments can.");
    }
  }
  if (request.model !== undefined && !isModelName(request.model)) {
    throw new RunRequestError(
      "model",
      `${JSON.stringify(request.model)} is not of the form provider/model, for instance anthropic/claude-sonnet-4-6. \`opencode models\` lists them.`,
    );
  }
  if (request.schema !== undefined && request.command !== undefined) {
    throw new RunRequestError("schema", "cannot be given to a command: opencode has no place for it there.");
  }
  if (request.systemPrompt !== undefined && request.systemPrompt.trim() === "") {
    throw new RunRequestError("systemPrompt", "is empty.\nLeave it out to keep the agent's own.");
  }
  if (request.session !== undefined && request.continueLast) {
    throw new RunRequestError("session", "cannot be named when the last session is to be continued: choose one.");
  }
  if (request.fork && request.session === undefined && !request.continueLast) {
    throw new RunRequestError(
      "fork",
      "needs the session to copy.\nName it (--session, in the library `session`), or continue the last one (--continue, `continueLast`).",
    );
  }
  return {
    ...request,
    directory: checkedDirectory(request.directory),
    files: (request.files ?? []).map(checkedFile),
    deadlineMs: checkedDuration("deadlineMs", request.deadlineMs ?? DEFAULT_DEADLINE_MS),
    graceMs: checkedDuration("graceMs", request.graceMs ?? DEFAULT_GRACE_MS),
  };
}

/** Whether a text has the form `provider/model`; whether there is such a model only opencode knows. */
export function isModelName(text: string): boolean {
  return /^[^/\s]+\/\S+$/.test(text);
}

function checkedDirectory(directory: string | undefined): string {
  const path = resolve(directory ?? ".");
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new RunRequestError("directory", `${path} does not exist.`);
  if (!found.isDirectory()) throw new RunRequestError("directory", `${path} is not a directory.`);
  return path;
}

function checkedFile(file: string): string {
  const path = resolve(file);
  if (!existsSync(path)) throw new RunRequestError("files", `${path} does not exist, so it cannot be attached.`);
  return path;
}

function checkedDuration(field: "deadlineMs" | "graceMs", value: number): number {
  if (value > 0) return value;
  throw new RunRequestError(field, `${value} is no duration: it has to be more than 0 ms.`);
}
