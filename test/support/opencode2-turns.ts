/** What the stand-in for a server of opencode 2 does with a prompt; all of it is JSON, so that a program can be told. */

/** An error as opencode 2 writes it. */
export interface TurnError {
  readonly type: string;
  readonly message: string;
  readonly status?: number;
  readonly response?: { readonly body: string };
}

export interface TurnTool {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly error?: TurnError;
  readonly takesMs?: number;
  /** Does not end by itself. */
  readonly hangs?: boolean;
  /** Waits for a permission; where it is refused, the tool fails and the turn goes on. */
  readonly asks?: { readonly action: string; readonly resources: readonly string[]; readonly save?: readonly string[] };
  /** Waits for a person's answer to a form, unless the session denies questions. */
  readonly question?: string;
  /** Runs a subagent. */
  readonly child?: Turn;
  /** Does not wait for the subagent, whose end then begins another step. */
  readonly background?: boolean;
}

export interface TurnTokens {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cache: { readonly read: number; readonly write: number };
}

/** One call of the model. */
export interface TurnStep {
  readonly reasoning?: string;
  readonly text?: string;
  readonly tools?: readonly TurnTool[];
  readonly finish?: string;
  readonly tokens?: TurnTokens;
  readonly cost?: number;
  /** Attempts that fail before it. */
  readonly retries?: readonly { readonly error: TurnError; readonly waitMs: number }[];
  /** It fails; with `continues` the turn goes on all the same. */
  readonly error?: TurnError;
  readonly continues?: boolean;
  /** Before the first output. */
  readonly waitMs?: number;
  /** Writes its text and never ends by itself. */
  readonly hangs?: boolean;
}

/** What becomes of one prompt. */
export type Turn =
  | { readonly steps: readonly TurnStep[] }
  /** Fails before the prompt is taken up, as for a model that does not exist. */
  | { readonly refused: TurnError }
  /** What a real server told, see `fixtures/opencode2-events`. */
  | { readonly recorded: readonly RecordedEvent[]; readonly sessionId: string };

/** An event of a recording. */
export interface RecordedEvent {
  readonly type: string;
  readonly created: number;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A turn that says one thing. */
export function says(text: string): Turn {
  return { steps: [{ text }] };
}

/** A turn that runs tools, and then says something. */
export function runs(tools: readonly TurnTool[], text = "Done."): Turn {
  return { steps: [{ text: "Working.", tools }, { text }] };
}
