import type { DestinationReport } from "../deliver/delivery-report.js";
import { TraceExporter } from "../export/trace-exporter.js";
import { storePaths } from "../files/store-paths.js";
import type { LoopTrace } from "../trace/model.js";
import { attachTo, type UnfinishedSession } from "./attach.js";
import type { FollowOptions, FollowServerOptions, FollowStoreOptions } from "./options.js";
import { watchStore } from "./watch-store.js";

/**
 * Traces the turns of an opencode server that another program runs, as `looptrace attach` does, until its signal ends
 * it. A server that is away is waited for.
 *
 * @returns the sessions that were at work at the end; each is stored as far as it came
 * @throws {ConfigurationError} when looptrace's folder is not this user's alone
 * @example
 * ```ts
 * import { followServer, resolveDestinations, TraceExporter } from "looptrace";
 *
 * await followServer({
 *   url: "http://127.0.0.1:4096",
 *   password: process.env.OPENCODE_SERVER_PASSWORD,
 *   exporter: new TraceExporter({ destinations: resolveDestinations() }),
 *   signal: AbortSignal.timeout(3_600_000),
 *   onTurn: ({ loop }) => console.log(loop.outcome, loop.totals.cost),
 * });
 * ```
 */
export async function followServer(options: FollowServerOptions): Promise<readonly UnfinishedSession[]> {
  const { url, username, password, directory, session, signal, onNote, onConnected, onTrouble } = options;
  const { exporter = new TraceExporter({ destinations: [] }), live = true } = options;
  return await whileSending(options, (onTurn) =>
    attachTo({
      connection: { url: url.replace(/\/+$/, ""), username, password },
      ...{ directory, session, exporter, signal, onTurn, onNote, onConnected, onTrouble },
      paths: options.store ?? storePaths(),
      masking: options.masking,
      live: live && exporter.destinations.length > 0,
      onDelivery: options.onDelivery,
    }),
  );
}

/**
 * Traces the turns that opencode's own store on this machine tells of, as `looptrace watch` does, until its signal ends
 * it.
 *
 * @returns the sessions that looked as if they were at work at the end; each is stored as far as it came
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {OpenCodeCommandError} when its server does not start
 * @example
 * ```ts
 * import { followStore } from "looptrace";
 *
 * const signal = AbortSignal.timeout(3_600_000);
 * await followStore({ signal, onTurn: ({ session, loop }) => console.log(session.id, loop.outcome) });
 * ```
 */
export async function followStore(options: FollowStoreOptions): Promise<readonly UnfinishedSession[]> {
  const { opencode, directory, signal, onNote, onReady, environment = process.env } = options;
  return await whileSending(options, (onTurn) =>
    watchStore({
      ...{ opencode, environment, signal, onTurn, onNote, onReady },
      directory: process.cwd(),
      only: directory,
      since: options.since ?? Date.now(),
      paths: options.store ?? storePaths(environment),
      masking: options.masking,
    }),
  );
}

/** Sends each turn that is over, one after the other, waits for the last one, and then sends what was left before. */
async function whileSending<T>(
  { exporter, onTurn, onDelivery }: FollowOptions,
  follow: (onTurn: (trace: LoopTrace, stored: boolean) => void) => Promise<T>,
): Promise<T> {
  let sending: Promise<unknown> = Promise.resolve();
  const failures: unknown[] = [];
  // What goes wrong with one turn keeps no other one from being sent; it is told at the end.
  const next = (send: (to: TraceExporter) => Promise<readonly DestinationReport[]>): void => {
    if (!exporter) return;
    const work = async (): Promise<void> => {
      const reports = await send(exporter);
      if (reports.length > 0) onDelivery?.(reports);
    };
    sending = sending.then(work).catch((error: unknown) => void failures.push(error));
  };
  const followed = await follow((trace, stored) => {
    next((to) => to.export([trace], { atWork: false }));
    onTurn?.(trace, stored);
  }).finally(() => {
    next(async (to) => (await to.flush({ all: true })).reports);
    return sending;
  });
  if (failures.length > 0) throw failures[0];
  return followed;
}
