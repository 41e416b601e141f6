import { OpenCodeCommandError } from "../errors/opencode-command-error.js";
import { RunRequestError } from "../errors/run-request-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { driveCli } from "./cli/drive-cli.js";
import type { DriveHooks, DriveRequest, DriveResult, Driver } from "./request/drive-request.js";
import { type CheckedRequest, checkRequest } from "./request/run-request.js";
import { isSessionId } from "./schema/ids.js";
import { driveServer } from "./server/drive-server.js";
import { NotYetPromptedError } from "./server/served-run.js";

export type {
  DriveHooks,
  DriveRequest,
  DriveResult,
  Driver,
  ServedSession,
  UsedServer,
} from "./request/drive-request.js";
export {
  type PermissionAnswer,
  type PermissionPolicy,
  type PermissionRequest,
  permissionOf,
} from "./request/permission-policy.js";
export {
  type Asking,
  type FailedAttempt,
  isBeforeRequest,
  type Phase,
  type Progress,
  type RunningSubagent,
  type RunningTool,
} from "./request/progress.js";
export { DEFAULT_DEADLINE_MS, isModelName } from "./request/run-request.js";
export type { RunEvent } from "./schema/run-event.js";
export { NotYetPromptedError } from "./server/served-run.js";
export { isProviderExecuted } from "./v1/provider-tools.js";
export { toolFacts, toolResultText } from "./v1/tool-facts.js";

/**
 * Runs one prompt with opencode and reads the session that came of it, whatever became of the run: also after a
 * failure, at the deadline, or when it was aborted. Nothing stays behind but the session in opencode's own store.
 *
 * @throws {RunRequestError} when the request makes no sense; no model was asked then
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {OpenCodeCommandError} when the driver `server` was asked for, and opencode does not become one
 * @throws {SessionNotFoundError} when opencode does not know the session that was to be continued
 * @throws the signal's reason when it was aborted before anything was started
 */
export async function drive(request: DriveRequest, hooks: DriveHooks = {}): Promise<DriveResult> {
  const environment = request.environment ?? process.env;
  const checked = checkRequest(request);
  // opencode would need some seconds to find out that this can be none.
  if (checked.session !== undefined && !isSessionId(checked.session)) throw new SessionNotFoundError(checked.session);
  const where = { opencode: request.opencode, environment };
  const driver = driverFor(checked, request.driver ?? "auto");
  if (driver === "cli") return await driveCli(checked, where, hooks);
  const from = performance.now();
  try {
    return await driveServer(checked, { ...where, servers: request.servers }, hooks);
  } catch (error) {
    const canRetry = error instanceof NotYetPromptedError || error instanceof OpenCodeCommandError;
    if (!canRetry || needsServer(checked) !== null) throw error;
    // Where a server is of no use nothing has happened yet. `opencode run` either works, or says in its own words why
    // not.
    if (request.driver === "server") throw error;
    // The time that it took is gone.
    const deadlineMs = Math.max(1, checked.deadlineMs - (performance.now() - from));
    return await driveCli({ ...checked, deadlineMs }, where, hooks);
  }
}

/** What only one of the drivers can do decides, unless the caller insists. */
function driverFor(request: CheckedRequest, driver: Driver): Driver {
  const hasExtra = (request.extraArguments ?? []).length > 0;
  const needs = needsServer(request);
  if (hasExtra && needs)
    throw new RunRequestError(needs.field, `${needs.why}, and extra arguments are for \`opencode run\`.`);
  if (hasExtra && driver === "server")
    throw new RunRequestError("extraArguments", "are for the driver cli, `opencode run`.");
  if (driver === "cli" && needs)
    throw new RunRequestError(needs.field, `${needs.why}: \`opencode run\` has no way to say it.`);
  return hasExtra ? "cli" : driver;
}

/** What of a request only a server can do; null when there is nothing. */
function needsServer({
  permissions,
  schema,
  traceIdOf,
}: CheckedRequest): { readonly field: string; readonly why: string } | null {
  if (typeof permissions === "function") return { field: "permissions", why: "as a function needs the driver server" };
  if (traceIdOf !== undefined) return { field: "propagate", why: "needs the driver server" };
  return schema === undefined ? null : { field: "schema", why: "needs the driver server" };
}
