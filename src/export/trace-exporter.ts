import { setImmediate as others } from "node:timers/promises";
import { deliver } from "../deliver/deliver.js";
import type { Sender } from "../deliver/delivery-context.js";
import type { DeliveryProgress } from "../deliver/delivery-progress.js";
import type { DestinationReport } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { langfuseTracesUrl } from "../deliver/destinations/langfuse-project.js";
import { type PushResult, pushOutbox } from "../deliver/push-outbox.js";
import { type Clock, systemClock } from "../files/clock.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import type { TraceOptions } from "../otel/options.js";
import type { NewScore } from "../scores/new-score.js";
import type { LoopTrace } from "../trace/model.js";
import { createPatience, type Patience } from "./patience.js";
import { createSentInPieces, type SentInPieces } from "./sent-in-pieces.js";
import { type RequestsTo, type TraceRequestOptions, traceRequests } from "./trace-requests.js";

/** What earlier runs left is sent too, but nothing waits long for it. */
const LEFTOVERS_BUDGET_MS = 2_000;

/** Where an exporter sends traces, and what it makes of them. */
export interface TraceExporterOptions {
  /** Where traces go, as `resolveDestinations` finds them; with none nothing is sent. */
  readonly destinations: readonly Destination[];
  /** What the traces say beside what happened: name, user, tags, environment and the like. */
  readonly trace?: TraceOptions | undefined;
  /**
   * What is masked beside the destinations' own keys, which always are; by default tokens of well-known shapes and the
   * values of those environment variables that are called like secrets.
   */
  readonly masking?: Masking | undefined;
  /** Where the outbox and the receipts are; default the user's data folder. */
  readonly paths?: StorePaths | undefined;
  /** How many bytes the outbox may hold; what does not fit in is sent from memory. Default 2 GB. */
  readonly outboxLimitBytes?: number | undefined;
  /** Time and chance, for tests. @internal */
  readonly clock?: Clock | undefined;
  /** Posts a request, for tests. @internal */
  readonly send?: Sender | undefined;
}

/** How one export differs from the exporter's others. */
export interface ExportOptions {
  /** What these traces say; default what the exporter's all say. */
  readonly trace?: TraceOptions | undefined;
  /** What is masked in them; default what the exporter masks in all. */
  readonly masking?: Masking | undefined;
  /** Sends also what a destination has acknowledged, and what a turn at work has left open; default false. */
  readonly force?: boolean | undefined;
  /**
   * Whether the turns are known to be at work, or known not to be: then all that is not closed for good is left out, or
   * nothing is. By default it is what they look like that counts.
   */
  readonly atWork?: boolean | undefined;
  /**
   * Scores of the caller's own, for those of the traces that have some; Langfuse gets them, other destinations do not.
   * Another value under the same name replaces what Langfuse has.
   *
   * @throws {ConfigurationError} from `export`, when one is no score; nothing was sent then
   */
  readonly scores?: ((trace: LoopTrace) => readonly NewScore[]) | undefined;
  /** How long to try, in ms; what is left then stays in the outbox. Default 10 s, or the destination's own time. */
  readonly budgetMs?: number | undefined;
  /** Ends the sending soon after it is aborted; what was not sent stays in the outbox. */
  readonly signal?: AbortSignal | undefined;
  /** Told what the delivery is at, for a person who waits; must not throw. */
  readonly onProgress?: ((progress: DeliveryProgress) => void) | undefined;
}

/** How what was left earlier is sent. */
export interface FlushOptions extends Pick<ExportOptions, "signal" | "onProgress"> {
  /** How long to try, in ms; default 2 s. */
  readonly budgetMs?: number | undefined;
  /** Asks also the destinations that have just kept a delivery waiting; default false. */
  readonly all?: boolean | undefined;
}

/**
 * Sends traces to where they belong, and what could not be sent before. Every span is first written to an outbox on the
 * disk, so that neither a destination that is down nor the end of this process loses it.
 *
 * A destination that has just kept a delivery waiting is left alone for 30 s: meanwhile its spans are stored and not
 * sent. What a turn at work sends has time, so that it alone never keeps the turn's end from being sent.
 *
 * @example
 * ```ts
 * import { OpenCode, resolveDestinations, TraceExporter } from "looptrace";
 *
 * const exporter = new TraceExporter({ destinations: resolveDestinations(), trace: { tags: ["nightly"] } });
 * const { traces } = await new OpenCode().run("Fix the failing test");
 * const reports = await exporter.export(traces);
 * await exporter.flush();
 * console.log(reports.map(({ destination, acknowledged }) => `${destination.label}: ${acknowledged} spans`));
 * ```
 */
export class TraceExporter {
  /** Where it sends traces. */
  readonly destinations: readonly Destination[];
  readonly #options: TraceExporterOptions;
  readonly #clock: Clock;
  readonly #patience: Patience;
  /** Ids of the destinations that took something. */
  readonly #reached = new Set<string>();
  readonly #sentInPieces: SentInPieces;
  readonly #tracesUrls = new Map<string, Promise<string | undefined>>();

  /** @param options where traces go, and what they say */
  constructor(options: TraceExporterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#patience = createPatience(this.#clock);
    this.destinations = options.destinations;
    this.#sentInPieces = createSentInPieces(options.destinations, options.paths);
  }

  /**
   * Sends traces, as `traceSession` computes them. What a destination has acknowledged earlier is not sent to it again,
   * and of a turn that may be at work only what has ended is sent. Secrets are masked before anything is written or
   * sent.
   *
   * @returns a report for each destination, in their order: every span is acknowledged, pending or rejected. Never
   *   throws for what servers, networks or disks do
   * @throws {ConfigurationError} when looptrace's folder is not this user's alone; nothing was sent or written then
   */
  async export(
    traces: readonly LoopTrace[],
    { atWork, trace = this.#options.trace ?? {}, masking = this.#options.masking, scores, ...how }: ExportOptions = {},
  ): Promise<readonly DestinationReport[]> {
    const { destinations } = this;
    if (destinations.length === 0 || traces.length === 0) return [];
    const { force = false } = how;
    const encoded = await this.#requests(traces, trace, { masking, atWork, force, scores });
    const { paths, outboxLimitBytes, clock, send } = this.#options;
    const storeOnly = this.#patience.leftAlone(atWork);
    const reports = await deliver(encoded, destinations, { paths, outboxLimitBytes, clock, send, storeOnly, ...how });
    const asked = reports.filter(({ destination }) => !storeOnly.has(destination.id));
    this.#learn(asked, atWork);
    return reports;
  }

  /**
   * Makes requests of a trace that is nobody's, and leaves nothing of them: what a process does for the first time takes
   * many times as long as the next one, and while a model is waited for there is nothing else to do.
   *
   * @throws the signal's reason
   * @internal
   */
  async practise(traces: readonly LoopTrace[], signal: AbortSignal): Promise<void> {
    const { destinations } = this;
    const { trace = {}, masking } = this.#options;
    if (destinations.length === 0) return;
    // The caller's own function is for texts of sessions.
    const without = masking && { ...masking, replace: undefined };
    const how = { masking: without, atWork: false, force: true, scores: undefined };
    const requests = await this.#requests(traces, trace, how);
    for (const destination of destinations) {
      // What waits meanwhile has its turn.
      await others(undefined, { signal });
      Array.from(requests(destination));
    }
  }

  #requests(
    traces: readonly LoopTrace[],
    trace: TraceOptions,
    how: Pick<TraceRequestOptions, "masking" | "atWork" | "force" | "scores">,
  ): Promise<RequestsTo> {
    const { destinations } = this;
    return traceRequests(traces, trace, {
      ...how,
      keys: destinations.flatMap(({ secrets }) => secrets),
      measured: destinations.some(({ metrics }) => metrics !== undefined),
      now: this.#clock.now(),
      sentInPieces: this.#sentInPieces,
    });
  }

  /**
   * Scores a turn in Langfuse, and sends of its trace what is not there yet. Looptrace's own scores go with every trace:
   * see `TraceOptions.scores`.
   *
   * @returns a report for each destination, as from `export`
   * @throws {ConfigurationError} when one is no score, or looptrace's folder is not this user's alone
   *
   * @example
   * ```ts
   * import { OpenCode, resolveDestinations, TraceExporter } from "looptrace";
   *
   * const exporter = new TraceExporter({ destinations: resolveDestinations() });
   * const { traces } = await new OpenCode().run("Fix the failing test");
   * const [trace] = traces;
   * if (trace) await exporter.score(trace, [{ name: "review", value: 0.8, comment: "one nit" }]);
   * ```
   */
  async score(
    trace: LoopTrace,
    scores: readonly NewScore[],
    options: Omit<ExportOptions, "scores" | "force"> = {},
  ): Promise<readonly DestinationReport[]> {
    return this.export([trace], { ...options, scores: () => scores });
  }

  /**
   * Sends what earlier deliveries left in the outbox, of this process or of others; destinations that are left alone
   * are not asked, unless `all` says so. Cheap when nothing waits.
   *
   * @returns what became of it, and what waits for destinations that this exporter does not have
   * @throws {ConfigurationError} when looptrace's folder is not this user's alone
   */
  async flush({ all = false, ...how }: FlushOptions = {}): Promise<PushResult> {
    const { paths, clock, send } = this.#options;
    const budgetMs = how.budgetMs ?? LEFTOVERS_BUDGET_MS;
    const asked = all ? this.destinations : this.reachable();
    const result = await pushOutbox(asked, { paths, clock, send, ...how, budgetMs });
    this.#learn(result.reports);
    return result;
  }

  /**
   * The address where a person can look at a trace, in the first Langfuse that took something from this exporter. A
   * Langfuse is asked once which project its keys are of.
   *
   * @returns undefined where there is none to know. Never throws
   */
  async linkTo(trace: Pick<LoopTrace, "traceId">): Promise<string | undefined> {
    const { placeInHost } = await import("../otel/host-span.js");
    const { parent = placeInHost(trace).parent } = this.#options.trace ?? {};
    const shown = parent?.traceId ?? trace.traceId;
    for (const destination of this.destinations) {
      if (!this.#reached.has(destination.id)) continue;
      const asked = this.#tracesUrls.get(destination.id) ?? langfuseTracesUrl(destination);
      this.#tracesUrls.set(destination.id, asked);
      const base = await asked;
      if (base !== undefined) return `${base}/${shown}`;
    }
    return undefined;
  }

  /** The same for several. @returns the addresses by trace id, without the traces that have none. Never throws */
  async linksTo(traces: readonly LoopTrace[]): Promise<Readonly<Record<string, string>>> {
    const links: Record<string, string> = {};
    for (const trace of traces) {
      const link = await this.linkTo(trace);
      if (link !== undefined) links[trace.traceId] = link;
    }
    return links;
  }

  /** The destinations that are not left alone now. */
  reachable(): readonly Destination[] {
    const leftAlone = this.#patience.leftAlone();
    return this.destinations.filter(({ id }) => !leftAlone.has(id));
  }

  /** @param reports of destinations that were asked */
  #learn(reports: readonly DestinationReport[], atWork = false): void {
    for (const { destination, acknowledged, alreadyAcknowledged } of reports)
      if (acknowledged + alreadyAcknowledged > 0) this.#reached.add(destination.id);
    this.#patience.learn(reports, atWork);
  }
}
