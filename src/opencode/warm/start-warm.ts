import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { claimToken } from "../../files/claim-token.js";
import type { FileLock } from "../../files/file-lock.js";
import { generationOfProgram, versionSupport } from "../program/opencode-version.js";
import { prepareConfig } from "../program/prepare-config.js";
import { folderAt } from "../program/run-folder.js";
import { RUN_ID_FILE } from "../program/run-folder-owner.js";
import { wireRecording } from "../program/wire-recording.js";
import type { ServerSpec } from "../server/server-spec.js";
import { startServer } from "../server/start-server.js";
import { unlessAborted } from "../server/unless-aborted.js";
import type { Fingerprint } from "./fingerprint.js";
import { interruptProgram } from "./interrupt-program.js";
import { type Keeper, startKeeper } from "./keeper.js";
import { INTERRUPT, LEASES } from "./keeper-script.js";
import { takeLease } from "./leases.js";
import { startOf } from "./process-start.js";
import { writeRecord } from "./server-record.js";
import { CLAIM } from "./servers-folder.js";
import { type WarmServer, warmServer } from "./warm-server.js";
import { WARM_VARIABLE } from "./warmth.js";
import { withdraw } from "./withdraw.js";

export interface StartToLeave {
  readonly spec: ServerSpec;
  /** What the new server is called. */
  readonly id: string;
  readonly fingerprint: Fingerprint;
  /** The folder of all servers. */
  readonly servers: string;
  readonly idleMs: number;
  readonly why: string;
  /** That this process alone starts such a server; given back when others find it. */
  readonly lock: FileLock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts a server that outlives this process, and uses it. Others find it a moment later.
 *
 * @throws whatever goes wrong; nothing is left then
 */
export async function startToLeave(options: StartToLeave): Promise<WarmServer> {
  const { spec, id, servers, lock, signal } = options;
  const folder = folderAt(join(servers, id), randomUUID());
  let keeper: Keeper | undefined;
  try {
    await mkdir(folder.path, { mode: 0o700 });
    // Before opencode: no moment is left at which a kill would leave it behind.
    keeper = startKeeper({ folder: folder.path, servers, runId: folder.runId, environment: spec.environment });
    return await startIn({ folder, keeper }, options);
  } catch (error) {
    await rm(folder.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => undefined);
    keeper?.dismiss();
    await lock.release().catch(() => undefined);
    signal?.throwIfAborted();
    throw error;
  }
}

interface Place {
  readonly folder: ReturnType<typeof folderAt>;
  readonly keeper: Keeper;
}

async function startIn({ folder, keeper }: Place, options: StartToLeave): Promise<WarmServer> {
  const { spec, id, fingerprint, idleMs, why, signal } = options;
  const { path, projectConfig, wire: mode = "off", propagates = false } = spec;
  // What a shell has left of its last change of directory is of this run alone.
  const { OLDPWD: _before, [WARM_VARIABLE]: _warm, ...environment } = spec.environment;
  await mkdir(folder.temporary, { mode: 0o700 });
  await mkdir(join(folder.path, LEASES), { mode: 0o700 });
  await folder.write(RUN_ID_FILE, folder.runId);
  await folder.write(CLAIM, claimToken());
  // At once: a folder that no process uses is swept away.
  const lease = await takeLease(folder.path, idleMs);
  const generation = spec.generation ?? (await unlessAborted(generationOfProgram(path, environment), signal));
  const { configContent, agent } = await prepareConfig(spec, folder, environment);
  const wire = await wireRecording(folder, { mode, generation, command: "serve", environment, propagates });
  if (mode !== "off" && !wire.isOn) throw new Error("its requests could not be recorded");
  const started = await startServer({
    ...{ path, generation, folder, environment, projectConfig, configContent, signal },
    // One of several directories may be gone before the others; each request names its own.
    directory: folder.path,
    wire: wire.variables,
  });
  try {
    const { connection, pid } = started;
    const start = startOf(pid);
    if (start === undefined || connection.password === undefined) throw new Error("opencode has ended");
    await folder.write(INTERRUPT, interruptProgram(connection, generation));
    const record = {
      ...{ id, generation, opencode: path, server: { pid, start }, keeper: keeper.mark, runId: folder.runId },
      connection: { ...connection, password: connection.password },
      log: basename(started.logPath),
      agent: spec.systemPrompt === undefined ? null : (agent ?? null),
      ...{ isRecorded: mode !== "off", propagates, listeningAt: Date.now(), why },
    };
    keeper.handOver(record.server);
    started.leave();
    const published = started.version
      .then((version) => {
        if (version !== null && versionSupport(version) === "older") throw new Error("it is too old");
        return writeRecord(folder.path, { ...record, ...fingerprint, version });
      })
      // What no other run can find goes when this one has ended.
      .catch(() => withdraw(folder.path, keeper.mark, "it could not be noted"))
      .then(() => options.lock.release())
      .catch(() => undefined);
    return warmServer({ folder: folder.path, lease, record, version: started.version, isFound: false, published });
  } catch (error) {
    await started.stop();
    throw error;
  }
}
