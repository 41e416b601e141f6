/**
 * A trajectory in the Agent Trajectory Interchange Format, as its version 1.7 describes it (rfcs/0001-trajectory-format
 * of the Harbor project). An absent field is not known.
 */

/** The version that is written. */
export const ATIF_VERSION = "ATIF-v1.7";

/** What an agent did in a session, step by step. */
export interface AtifTrajectory {
  readonly schema_version: typeof ATIF_VERSION;
  /** The session. */
  readonly session_id: string;
  /** By what `subagent_trajectory_ref` refers to it. */
  readonly trajectory_id: string;
  /** Who worked. */
  readonly agent: AtifAgent;
  /** What was said and done, in order. */
  readonly steps: readonly AtifStep[];
  /** What a reader should know, a sentence each. */
  readonly notes?: string;
  /** Sums over this trajectory's own steps. */
  readonly final_metrics: AtifFinalMetrics;
  /** Those of its subagents, each whole. */
  readonly subagent_trajectories?: readonly AtifTrajectory[];
  /** What the format has no field for. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** The agent system. */
export interface AtifAgent {
  readonly name: string;
  readonly version: string;
  readonly model_name?: string;
  /** As OpenAI's function calling has them. */
  readonly tool_definitions?: readonly Readonly<Record<string, unknown>>[];
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A system prompt, a message of the user's, or a turn of the agent's with what came of it. */
export interface AtifStep {
  /** From 1. */
  readonly step_id: number;
  /** ISO 8601. */
  readonly timestamp?: string;
  readonly source: "system" | "user" | "agent";
  readonly model_name?: string;
  readonly reasoning_effort?: string;
  /** May be empty. */
  readonly message: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly AtifToolCall[];
  readonly observation?: { readonly results: readonly AtifResult[] };
  readonly metrics?: AtifMetrics;
  /** How many requests to a model it took. */
  readonly llm_call_count?: number;
  /** The step stands here for the context alone, and was done elsewhere. */
  readonly is_copied_context?: true;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What the model called. */
export interface AtifToolCall {
  readonly tool_call_id: string;
  readonly function_name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What came of a tool call, or of something else that the step did. */
export interface AtifResult {
  readonly source_call_id?: string;
  readonly content?: string;
  readonly subagent_trajectory_ref?: readonly { readonly trajectory_id: string; readonly session_id: string }[];
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Tokens and cost of a step. */
export interface AtifMetrics {
  /** All of the prompt, what came from the cache included. */
  readonly prompt_tokens?: number;
  /** All that the model wrote, reasoning included. */
  readonly completion_tokens?: number;
  /** The part of the prompt that came from the cache. */
  readonly cached_tokens?: number;
  readonly cost_usd?: number;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Sums of a trajectory. */
export interface AtifFinalMetrics {
  readonly total_prompt_tokens: number;
  readonly total_completion_tokens: number;
  readonly total_cached_tokens: number;
  readonly total_cost_usd?: number;
  readonly total_steps: number;
  readonly extra: Readonly<Record<string, unknown>>;
}
