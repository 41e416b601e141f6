import { LONGEST_LOG_BYTES, readBounded } from "../program/run-folder.js";
import { wireRecording } from "../program/wire-recording.js";
import { type OpenCodeAtHand, withOpenCode } from "../program/with-opencode.js";
import type { DriveHooks, DriveResult } from "../request/drive-request.js";
import { initialProgress } from "../request/progress.js";
import type { CheckedRequest } from "../request/run-request.js";
import { readStored } from "../store/read-stored.js";
import { idsOf, readBack, unaskedModelNotes } from "./read-back.js";
import { runSession } from "./run-session.js";

/**
 * Runs one prompt by `opencode run`, and reads the session from opencode's store.
 *
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {SessionNotFoundError} when opencode does not know the session that was to be continued
 */
export async function driveCli(
  request: CheckedRequest,
  where: {
    readonly opencode?: string | undefined;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
  hooks: DriveHooks,
): Promise<DriveResult> {
  const { environment } = where;
  const { directory } = request;
  const use = async ({ opencode, generation, folder, warnings }: OpenCodeAtHand): Promise<DriveResult> => {
    hooks.signal?.throwIfAborted();
    const wire = await wireRecording(folder, { mode: request.wire ?? "off", generation, command: "run", environment });
    const run = await runSession({
      ...{ opencode, generation, request, folder, environment, wire: wire.variables },
      ...hooks,
    });
    const command = { path: opencode.path, folder, environment, directory };
    const exported = await readBack(run, request.session, (id) => readStored(id, { ...command, generation }));
    const hasModels = generation === 1 && hooks.signal?.aborted !== true;
    const modelNotes = hasModels
      ? await unaskedModelNotes(run, exported.tree, async () => command, request.projectConfig ?? false)
      : [];
    const { logPath, ...result } = run;
    const logText = await readBounded(logPath, LONGEST_LOG_BYTES);
    const recorded = await wire.read({ sessionIds: idsOf(run, exported.raw), isShared: false });
    return {
      ...result,
      opencode,
      driver: "cli",
      server: null,
      tree: exported.tree,
      raw: exported.raw,
      logText,
      wire: recorded.text,
      notes: [...warnings, ...run.notes, ...recorded.notes, ...exported.notes, ...modelNotes],
    };
  };
  hooks.onProgress?.({ ...initialProgress, phase: { kind: "starting", since: Date.now(), isBegun: true } });
  return await withOpenCode({ ...where, directory }, use, { sweep: "meanwhile" });
}
