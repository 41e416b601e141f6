/**
 * The Agent Trajectory Interchange Format 1.7 as zod: the fields of its RFC 0001 (Harbor), none beside them, and the
 * rules that its validator holds trajectories to.
 */
import { z } from "zod";

const extra = z.record(z.string(), z.unknown());
const whole = z.number().int().nonnegative();
const iso = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/);

const toolCall = z.strictObject({
  tool_call_id: z.string(),
  function_name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  extra: extra.optional(),
});

const reference = z.strictObject({
  session_id: z.string().optional(),
  trajectory_id: z.string(),
  trajectory_path: z.string().optional(),
  extra: extra.optional(),
});

const result = z.strictObject({
  source_call_id: z.string().optional(),
  content: z.string().optional(),
  subagent_trajectory_ref: z.array(reference).min(1).optional(),
  extra: extra.optional(),
});

const metrics = z.strictObject({
  prompt_tokens: whole.optional(),
  completion_tokens: whole.optional(),
  cached_tokens: whole.optional(),
  cost_usd: z.number().optional(),
  prompt_token_ids: z.array(z.number().int()).optional(),
  completion_token_ids: z.array(z.number().int()).optional(),
  logprobs: z.array(z.number()).optional(),
  extra: extra.optional(),
});

const AGENTS_ALONE = ["model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"] as const;

const step = z
  .strictObject({
    step_id: z.number().int().min(1),
    timestamp: iso.optional(),
    source: z.enum(["system", "user", "agent"]),
    model_name: z.string().optional(),
    reasoning_effort: z.union([z.string(), z.number()]).optional(),
    message: z.string(),
    reasoning_content: z.string().optional(),
    tool_calls: z.array(toolCall).min(1).optional(),
    observation: z.strictObject({ results: z.array(result) }).optional(),
    metrics: metrics.optional(),
    llm_call_count: whole.optional(),
    is_copied_context: z.boolean().optional(),
    extra: extra.optional(),
  })
  .refine((one) => one.source === "agent" || AGENTS_ALONE.every((name) => one[name] === undefined), {
    message: "only a step of the agent's may have a model, reasoning, tool calls and metrics",
  })
  .refine(
    ({ tool_calls: calls = [], observation }) =>
      (observation?.results ?? []).every(
        ({ source_call_id: id }) =>
          id === undefined || calls.length === 0 || calls.some((call) => call.tool_call_id === id),
      ),
    { message: "a result is of a call that the step does not have" },
  );

const agent = z.strictObject({
  name: z.string(),
  version: z.string(),
  model_name: z.string().optional(),
  tool_definitions: z.array(z.record(z.string(), z.unknown())).optional(),
  extra: extra.optional(),
});

const finalMetrics = z.strictObject({
  total_prompt_tokens: whole.optional(),
  total_completion_tokens: whole.optional(),
  total_cached_tokens: whole.optional(),
  total_cost_usd: z.number().optional(),
  total_steps: whole.optional(),
  extra: extra.optional(),
});

const trajectory = z.strictObject({
  schema_version: z.literal("ATIF-v1.7"),
  session_id: z.string().optional(),
  trajectory_id: z.string().optional(),
  agent,
  steps: z
    .array(step)
    .min(1)
    .refine((steps) => steps.every(({ step_id: id }, index) => id === index + 1), {
      message: "steps are counted from 1, one by one",
    }),
  notes: z.string().optional(),
  final_metrics: finalMetrics.optional(),
  continued_trajectory_ref: z.string().optional(),
  extra: extra.optional(),
});

/** A trajectory with those of its subagents in it. */
export interface ReadTrajectory extends z.output<typeof trajectory> {
  readonly subagent_trajectories?: readonly ReadTrajectory[] | undefined;
}

export const atifSchema: z.ZodType<ReadTrajectory> = trajectory.extend({
  subagent_trajectories: z.array(z.lazy(() => atifSchema)).optional(),
});
