import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import { deliver } from "../deliver/deliver.js";
import type { Sender } from "../deliver/delivery-context.js";
import { type DestinationReport, isDelivered } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { pushOutbox } from "../deliver/push-outbox.js";
import { messageOf } from "../errors/thrown.js";
import { maskingWithKeys } from "../export/masking-with-keys.js";
import { createPatience, type Patience } from "../export/patience.js";
import { type Clock, systemClock } from "../files/clock.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import { spanRequests } from "./span-requests.js";

/** Where spans go, and how long is tried. */
export interface OutboxSpanExporterOptions {
  /** Where spans go, as `resolveDestinations` finds them. */
  readonly destinations: readonly Destination[];
  /**
   * What is masked in the spans' texts beside the destinations' own keys, which always are; by default tokens of
   * well-known shapes and the values of those environment variables that are called like secrets.
   */
  readonly masking?: Masking | undefined;
  /** How long each export tries to send, in ms; what is left then stays in the outbox. Default 5 s. */
  readonly budgetMs?: number | undefined;
  /** Where the outbox and the receipts are; default the user's data folder. */
  readonly paths?: StorePaths | undefined;
  /** How many bytes the outbox may hold; what does not fit in is sent from memory. Default 2 GB. */
  readonly outboxLimitBytes?: number | undefined;
  /** Told what became of each export; must not throw. */
  readonly onReports?: ((reports: readonly DestinationReport[]) => void) | undefined;
  /** Time and chance, for tests. @internal */
  readonly clock?: Clock | undefined;
  /** Posts a request, for tests. @internal */
  readonly send?: Sender | undefined;
}

const DEFAULT_BUDGET_MS = 5_000;

/** What earlier runs left is sent too, but nothing waits long for it. */
const LEFTOVERS_BUDGET_MS = 2_000;

/**
 * Sends the spans of any program by looptrace's outbox: each export is first written to the disk, so that neither a
 * backend that is down nor the end of the process loses it; each span is sent once. What stays is sent by a later
 * export, of this process or another, or by `looptrace push`.
 *
 * What a span processor holds in memory and has not exported yet is not the outbox's: `SimpleSpanProcessor` holds
 * nothing, `BatchSpanProcessor` some seconds.
 *
 * @example
 * ```ts
 * import { NodeSDK } from "@opentelemetry/sdk-node";
 * import { resolveDestinations } from "looptrace";
 * import { OutboxSpanExporter } from "looptrace/otel";
 *
 * const sdk = new NodeSDK({ traceExporter: new OutboxSpanExporter({ destinations: resolveDestinations() }) });
 * sdk.start();
 * ```
 */
export class OutboxSpanExporter implements SpanExporter {
  readonly #options: OutboxSpanExporterOptions;
  readonly #patience: Patience;
  readonly #underWay = new Set<Promise<unknown>>();
  #hasPushed = false;
  #isShutDown = false;

  /** @param options where spans go, and how long is tried */
  constructor(options: OutboxSpanExporterOptions) {
    this.#options = options;
    this.#patience = createPatience(options.clock ?? systemClock);
  }

  /**
   * Stores spans and sends them.
   *
   * @param resultCallback told of success where every destination has the spans, or the outbox holds them for it
   */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    if (this.#isShutDown) {
      resultCallback({ code: ExportResultCode.FAILED, error: new Error("the exporter has been shut down") });
      return;
    }
    const exported = this.#export(spans).catch((error: unknown): ExportResult => {
      return { code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error(messageOf(error)) };
    });
    void this.#track(exported.then(resultCallback));
  }

  /** Waits for what is under way, and sends what waits in the outbox, for some seconds. */
  async forceFlush(): Promise<void> {
    await Promise.all(this.#underWay);
    await this.#push();
  }

  /** The same; from then on nothing is taken. */
  async shutdown(): Promise<void> {
    if (this.#isShutDown) return;
    this.#isShutDown = true;
    await this.forceFlush();
  }

  async #export(spans: readonly ReadableSpan[]): Promise<ExportResult> {
    const { destinations, masking, budgetMs = DEFAULT_BUDGET_MS, onReports, ...how } = this.#options;
    if (spans.length === 0 || destinations.length === 0) return { code: ExportResultCode.SUCCESS };
    const keys = destinations.flatMap(({ secrets }) => secrets);
    const requests = await spanRequests(spans, maskingWithKeys(masking, keys));
    const storeOnly = this.#patience.leftAlone();
    const reports = await deliver(requests, destinations, { ...how, storeOnly, budgetMs });
    this.#patience.learn(reports.filter(({ destination }) => !storeOnly.has(destination.id)));
    onReports?.(reports);
    if (!this.#hasPushed && reports.some((report) => isDelivered([report]))) {
      this.#hasPushed = true;
      void this.#track(this.#push());
    }
    const lost = reports.find(({ pending, rejected }) => pending.unsavedSpans > 0 || rejected > 0);
    if (!lost) return { code: ExportResultCode.SUCCESS };
    const { destination, lastError, problems } = lost;
    const why = lastError ?? problems[0] ?? "spans were refused";
    return { code: ExportResultCode.FAILED, error: new Error(`${destination.label}: ${why}`) };
  }

  async #push(): Promise<void> {
    const { paths, clock, send } = this.#options;
    const leftAlone = this.#patience.leftAlone();
    const asked = this.#options.destinations.filter(({ id }) => !leftAlone.has(id));
    if (asked.length === 0) return;
    const { reports } = await pushOutbox(asked, { paths, clock, send, budgetMs: LEFTOVERS_BUDGET_MS });
    this.#patience.learn(reports);
  }

  /** So that a flush waits for it. */
  #track(work: Promise<unknown>): Promise<unknown> {
    const settled = work.catch(() => undefined).finally(() => this.#underWay.delete(settled));
    this.#underWay.add(settled);
    return settled;
  }
}
