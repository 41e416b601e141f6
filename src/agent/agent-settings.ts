import type { Driver, PermissionPolicy } from "../opencode/drive.js";
import type { McpServer } from "../opencode/program.js";
import type { OutputSchema } from "./output-schema.js";

/** How opencode works on a prompt. */
export interface AgentSettings {
  /** The model, as `provider/model`. opencode chooses by default. */
  readonly model?: string | undefined;
  /** opencode's agent. opencode chooses by default. */
  readonly agent?: string | undefined;
  /** The model's variant: the provider's reasoning effort or the like, such as `high`. */
  readonly variant?: string | undefined;
  /**
   * Where opencode works; this process' working directory by default. A relative path belongs to that one,
   * too.
   */
  readonly directory?: string | undefined;
  /** Files to attach; relative paths belong to this process' working directory. */
  readonly files?: readonly string[] | undefined;
  /** The id of the session to go on with. */
  readonly session?: string | undefined;
  /** Whether to go on with the project's last session; default false. */
  readonly continueLast?: boolean | undefined;
  /** Whether to go on in a copy of the session; default false. */
  readonly fork?: boolean | undefined;
  /** The session's title. */
  readonly title?: string | undefined;
  /** Becomes an agent's prompt: the named agent's, else that of an agent `looptrace`. */
  readonly systemPrompt?: string | undefined;
  /** Tool servers that opencode reaches over HTTP. */
  readonly mcp?: readonly McpServer[] | undefined;
  /** How long a prompt may take with all its attempts, ms; default 10 minutes, `Infinity` for ever. */
  readonly timeoutMs?: number | undefined;
  /** How often a failed turn may be run again with the same model, all failures together; default 0. */
  readonly retries?: number | undefined;
  /** How long to wait for a provider that says when it may be asked again, ms; default 60 s. */
  readonly patienceMs?: number | undefined;
  /** Models (`provider/model`) to go on with when one cannot serve, in their order. */
  readonly fallbackModels?: readonly string[] | undefined;
  /** How many iterations the loop may have before it is stopped. */
  readonly maxSteps?: number | undefined;
  /** How many tokens the root session's calls may take before the run is stopped, cached ones included. */
  readonly maxTokens?: number | undefined;
  /**
   * How much the root session's calls may cost before the run is stopped, USD, as far as opencode knows
   * prices.
   */
  readonly maxCost?: number | undefined;
  /**
   * How often opencode may ask the model in vain, one time after another, before it is stopped when it goes
   * on; default 6, which is when opencode 1.18 itself gives up. Earlier versions never do.
   */
  readonly maxAttempts?: number | undefined;
  /**
   * How many equal tool calls in a row, all failing or all with the same result, end the run; `true` means 3,
   * default false. As many equal answers without a tool end it, and requests that are too large for the
   * context, when opencode goes on after them.
   */
  readonly haltOnDoomLoop?: boolean | number | undefined;
  /**
   * Asks for a structured answer, the result's `output`, and checks that it fits: a JSON schema or a zod
   * schema. Needs the driver `server`.
   */
  readonly schema?: OutputSchema | undefined;
  /**
   * Who answers when opencode asks for a permission that its configuration neither allows nor denies; default
   * `deny`.
   */
  readonly permissions?: PermissionPolicy | undefined;
  /** Whether opencode reads the project's opencode.json; default false. */
  readonly projectConfig?: boolean | undefined;
  /** Whether what opencode sends to models, and what they answer, is recorded; default true. */
  readonly wire?: boolean | undefined;
  /**
   * Whether each request to a model carries a `traceparent`, so that the spans of a gateway or of the provider hang
   * below the call's: in the trace that the turn becomes, not below another program's span. Needs the driver `server`,
   * opencode 1.x and `wire`, and does not go with `live`. Default false.
   */
  readonly propagate?: boolean | undefined;
  /**
   * Whether the traces hold all messages of each recorded request, which their spans then have as a call's input
   * instead of what is new; default false.
   */
  readonly fullInput?: boolean | undefined;
  /**
   * How long opencode's server stays after a prompt without use, so that prompts to come need not wait for its start,
   * ms; 0 for not at all, and then none that is there is used. Default: what the environment says (`LOOPTRACE_WARM`),
   * else 10 minutes, or 0 where `CI` is set.
   */
  readonly warmMs?: number | undefined;
  /** How opencode is driven; default `auto`. */
  readonly driver?: Driver | undefined;
  /** Path of the opencode to use; else it is looked for: `LOOPTRACE_OPENCODE`, the project, `PATH`. */
  readonly opencode?: string | undefined;
}
