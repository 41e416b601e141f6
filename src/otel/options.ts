import { z } from "zod";
import type { UserPrices } from "../opencode/model.js";

/** A span of another program (W3C Trace Context). */
export interface RemoteParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** Which item of which of Langfuse's experiments a trace is. */
export interface ExperimentItem {
  /** The trace; others of the same delivery are no items. */
  readonly traceId: string;
  /** Of a dataset's run: Langfuse's own id of it. */
  readonly experimentId: string;
  /** What Langfuse shows it as. */
  readonly experimentName: string;
  /** What is said of the experiment beside its name. */
  readonly metadata: Readonly<Record<string, string | number>>;
  /** Which of its items the trace is. */
  readonly itemId: string;
  /** Langfuse's id of the dataset that the item is in. */
  readonly datasetId?: string | undefined;
  /** What should have come out. */
  readonly expectedOutput?: unknown;
}

/** What the caller can say about a trace beside what the session says itself. */
export interface TraceOptions {
  /** Default the session's title, else the prompt's first line; of a turn that is sent while it runs always that. */
  readonly traceName?: string;
  /** By what the trace is called where no name is given; default its session's title. @internal */
  readonly nameFrom?: "title" | "prompt";
  /** The user that the trace belongs to. */
  readonly userId?: string;
  /** Tags, by which traces are found again. */
  readonly tags?: readonly string[];
  /** Langfuse's environment: lower case, digits, `-` and `_`, up to 40 characters. */
  readonly environment?: string;
  /** The release that the trace belongs to. */
  readonly release?: string;
  /** Goes into the loop's metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The item of an experiment that one of the traces is. */
  readonly experiment?: ExperimentItem;
  /** The span of another program that the trace hangs below. */
  readonly parent?: RemoteParent;
  /** Spans of other traces that the turn belongs to, and does not hang below. */
  readonly links?: readonly RemoteParent[];
  /** `service.name` of the resource; default `looptrace`. */
  readonly serviceName?: string;
  /** Further resource attributes, as in `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resourceAttributes?: Readonly<Record<string, string>>;
  /**
   * Whether what was said, read, written and called is sent; default true. With false: structure, times, tokens, cost,
   * names, and the errors' classes.
   */
  readonly content?: boolean;
  /**
   * Whether opencode's own phases are spans too, `opencode.loading` and the like: those of the loop, of its steps, and
   * around the turn; default false.
   */
  readonly phases?: boolean;
  /** What models cost by the user's own word, where opencode knows no price. */
  readonly prices?: UserPrices;
  /** The longest string that is sent whole, in UTF-16 code units; default 1,000,000. */
  readonly textLimit?: number;
  /**
   * The largest file that is sent to Langfuse, in bytes: what the person attached, and what tools returned. 0 sends
   * none; default 20 MB.
   */
  readonly fileLimitBytes?: number;
  /** Whether Langfuse is told scores of each turn that is over, beside the caller's own; default true. */
  readonly scores?: boolean;
}

/** The largest file that is sent to Langfuse where nothing else is said. */
export const DEFAULT_FILE_LIMIT_BYTES = 20_000_000;

/** Langfuse's rule for environments; it stores all else silently as `default`. `langfuse…` are names of its own. */
export const environmentName = z
  .string()
  .regex(/^(?!langfuse)[a-z0-9_-]{1,40}$/, "must be 1 to 40 of a-z, 0-9, - and _, and must not begin with langfuse");
