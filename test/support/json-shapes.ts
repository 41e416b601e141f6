/** What `--json` prints, strictly: a field more or less is a change of what others read. */
import { z } from "zod";
import { errorFactsSchema } from "../../src/errors/error-facts.js";
import type { Loop } from "../../src/trace/model.js";
import { PHASE_KINDS } from "../../src/trace/phases.js";

const span = {
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  start: z.number(),
  end: z.number(),
  timing: z.enum(["exact", "bounded"]),
};
const outcome = z.enum(["completed", "failed", "unfinished"]);
const usage = z.strictObject({
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
});
const totals = z.strictObject({
  steps: z.number(),
  calls: z.number(),
  retries: z.number(),
  tools: z.number(),
  toolFailures: z.number(),
  usage,
  cost: z.number().nullable(),
  missingSubagents: z.number(),
  doubtfulCalls: z.number(),
});
const account = z.strictObject({
  duration: z.number(),
  model: z.number(),
  firstToken: z.number(),
  tools: z.number(),
  waiting: z.number(),
  retries: z.number(),
  other: z.number(),
  toolsSummed: z.number(),
});
const phase = z.strictObject({
  spanId: z.string(),
  kind: z.enum(PHASE_KINDS),
  start: z.number(),
  end: z.number(),
  timing: z.enum(["exact", "bounded"]),
  evidence: z.enum(["log", "export", "wire", "run"]),
});
const ms = z.number().exactOptional();
const ownTime = z.strictObject({
  ...{ lock: ms, mcp: ms, snapshot: ms, loading: ms, starting: ms, compaction: ms, saving: ms, prompt: ms, title: ms },
  ...{ ending: ms, other: z.number() },
});
const model = z.strictObject({
  providerId: z.string(),
  modelId: z.string(),
  variant: z.string().nullable(),
});
const file = { mime: z.string(), filename: z.string().nullable(), url: z.string() };
const contentPart = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("text"),
    text: z.string(),
    synthetic: z.literal(true).exactOptional(),
  }),
  z.strictObject({ type: z.literal("file"), ...file }),
  z.strictObject({ type: z.literal("compaction"), auto: z.boolean(), overflow: z.boolean() }),
  z.strictObject({
    type: z.literal("subtask"),
    agent: z.string(),
    prompt: z.string(),
    description: z.string().nullable(),
    command: z.string().nullable(),
  }),
]);
const message = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("user"), content: z.union([z.string(), z.array(contentPart)]) }),
  z.strictObject({
    role: z.literal("tool"),
    tool_call_id: z.string(),
    name: z.string(),
    content: z.string(),
    is_error: z.literal(true).exactOptional(),
    attachments: z.array(z.strictObject(file)).exactOptional(),
  }),
]);
const callOutput = z.strictObject({
  thinking: z.string().nullable(),
  text: z.string().nullable(),
  toolCalls: z.array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.unknown() })),
});
const cause = z.strictObject({
  kind: z.enum(["prefix", "text", "tool-result", "output", "dropped", "compacted", "other"]),
  name: z.string().nullable(),
  callId: z.string().nullable(),
  characters: z.number().nullable(),
  tokens: z.number(),
});
const usageDoubt = z.strictObject({
  kind: z.enum(["unknown", "partial", "contradiction"]),
  reason: z.string(),
  unsure: z.array(z.enum(["prompt", "output"])),
  recorded: usage,
  total: z.number().nullable(),
});
const segmentOwner = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("system"),
    section: z.enum(["opencode", "agent", "instructions", "environment", "mcp", "skills", "other"]),
    source: z.string().nullable(),
  }),
  z.strictObject({
    kind: z.literal("tool-schema"),
    tool: z.string(),
    origin: z.enum(["opencode", "mcp", "plugin", "unknown"]),
    server: z.string().nullable(),
  }),
  z.strictObject({ kind: z.enum(["prompt", "synthetic", "thinking", "answer", "rest"]) }),
  z.strictObject({ kind: z.literal("tool-call"), tool: z.string(), callId: z.string().nullable() }),
  z.strictObject({
    kind: z.literal("tool-result"),
    tool: z.string(),
    callId: z.string().nullable(),
    argument: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal("attachment"), mime: z.string().nullable(), filename: z.string().nullable() }),
]);
const requestFacts = z.strictObject({
  hash: z.string(),
  systemHash: z.string().nullable(),
  toolsHash: z.string().nullable(),
  segments: z.array(z.tuple([z.int(), z.int()])),
  tokensError: z.number().nullable(),
});
const wireFacts = z.strictObject({
  exchangeId: z.string(),
  status: z.int().nullable(),
  requestId: z.string().nullable(),
  responseId: z.string().exactOptional(),
  responseModel: z.string().exactOptional(),
  traceparent: z.string().exactOptional(),
  headers: z.record(z.string(), z.string()),
  sentAt: z.number(),
  headersAt: z.number().nullable(),
  firstByteAt: z.number().nullable(),
  firstContentAt: z.number().nullable(),
  endAt: z.number().nullable(),
  requestBytes: z.number(),
  responseBytes: z.number(),
  request: requestFacts.nullable(),
});
const wireTables = z.strictObject({
  segments: z.array(z.strictObject({ owner: segmentOwner, hash: z.string(), bytes: z.number() })),
  texts: z.record(z.string(), z.string()),
  notes: z.array(z.string()),
});
const call = z.strictObject({
  ...span,
  index: z.int(),
  outcome,
  model,
  agent: z.string().nullable(),
  mode: z.string().nullable(),
  firstTokenAt: z.number().nullable(),
  input: z.array(message),
  output: callOutput,
  finish: z.string().nullable(),
  usage: usage.nullable(),
  usageDoubt: usageDoubt.nullable(),
  cost: z.number().nullable(),
  costFrom: z.literal("user").exactOptional(),
  cumulative: z.strictObject({
    contextTokens: z.number(),
    contextGrowth: z.number().nullable(),
    usage,
    cost: z.number().nullable(),
    cacheHitRatio: z.number().nullable(),
  }),
  contextCauses: z.array(cause),
  outputTokensPerSecond: z.number().nullable(),
  error: errorFactsSchema.nullable(),
  wire: wireFacts.exactOptional(),
});
const failureKind = z.enum([
  ...(["failed", "invalid_arguments", "unknown_tool", "permission_rejected", "aborted"] as const),
  ...(["timed_out", "nonzero_exit"] as const),
]);
const tool = z.strictObject({
  ...span,
  partId: z.string(),
  callId: z.string(),
  name: z.string(),
  status: z.enum(["pending", "running", "completed", "error"]),
  outcome,
  title: z.string().nullable(),
  input: z.unknown(),
  output: z.string().nullable(),
  attachments: z.array(z.strictObject(file)),
  metadata: z.record(z.string(), z.unknown()),
  failure: z
    .strictObject({
      kind: failureKind,
      tool: z.string(),
      message: z.string(),
      exitCode: z.number().exactOptional(),
    })
    .nullable(),
  atLeastMs: z.number(),
  atMostMs: z.number().nullable(),
  argumentsAt: z.number().nullable(),
  permissionWaitMs: z.number().nullable(),
  childSessionId: z.string().nullable(),
  origin: z.enum(["opencode", "mcp", "provider", "unknown"]),
  server: z.string().nullable(),
  innerCalls: z.array(
    z.strictObject({
      spanId: z.string(),
      index: z.number(),
      name: z.string(),
      server: z.string().nullable(),
      outcome,
      input: z.unknown(),
      durationMs: z.number().nullable(),
    }),
  ),
  get loops(): z.ZodArray<z.ZodType<Loop>> {
    return z.array(loop);
  },
  subagentMissing: z.boolean(),
  notes: z.array(z.string()),
});
const step = z.strictObject({
  ...span,
  index: z.int(),
  messageId: z.string(),
  agent: z.string().nullable(),
  kind: z.enum(["answer", "compaction", "subtask", "command"]),
  outcome,
  recovered: z.boolean(),
  call: call.nullable(),
  retries: z.array(
    z.strictObject({
      ...span,
      attempt: z.int(),
      error: errorFactsSchema.nullable(),
      output: callOutput,
      wire: wireFacts.exactOptional(),
    }),
  ),
  tools: z.array(tool),
  events: z.array(
    z.strictObject({
      spanId: span.spanId,
      name: z.enum([
        ...["compaction", "doom-loop", "cache-break", "plan", "permission"],
        ...["skill", "agent-switched", "model-switched", "location-switched", "system"],
      ] as const),
      at: z.number(),
      attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    }),
  ),
  patches: z.array(z.strictObject({ hash: z.string(), files: z.array(z.string()) })),
  account,
  phases: z.array(phase),
  get loops(): z.ZodArray<z.ZodType<Loop>> {
    return z.array(loop);
  },
  notes: z.array(z.string()),
});
const otherCall = z.strictObject({
  ...span,
  kind: z.enum(["title", "compaction", "unknown"]),
  model: model.nullable(),
  usage: usage.nullable(),
  cost: z.number().nullable(),
  costFrom: z.literal("user").exactOptional(),
  output: callOutput.exactOptional(),
  wire: wireFacts.exactOptional(),
});
const loop: z.ZodType<Loop> = z.strictObject({
  ...span,
  sessionId: z.string(),
  userMessageId: z.string(),
  agent: z.string().nullable(),
  model: model.nullable(),
  input: z.array(message),
  unanswered: z.array(message),
  output: z.unknown(),
  outcome,
  error: errorFactsSchema.nullable(),
  failedStep: z.int().nullable(),
  steps: z.array(step),
  totals,
  totalsWithSubagents: totals,
  account,
  phases: z.array(phase),
  ownTime,
  around: z.array(phase),
  otherCalls: z.array(otherCall).exactOptional(),
  get loops(): z.ZodArray<z.ZodType<Loop>> {
    return z.array(loop);
  },
  run: z.strictObject({ id: z.string(), attempt: z.int() }).nullable(),
  copied: z.boolean(),
  over: z.literal(true).exactOptional(),
  notes: z.array(z.string()),
});
const traceId = z.string().regex(/^[0-9a-f]{32}$/);

/** The parts of a trace that a table of the documentation is about. */
export const traceShapes = {
  ...{ otherCall, usage, totals, account, call, tool, step, cause, usageDoubt, phase, ownTime },
  ...{ wireFacts, wireTables, requestFacts },
};
export const spanFields: readonly string[] = Object.keys(span);

/** `show --json` */
export const showJson = z.array(
  z.strictObject({
    traceId,
    session: z.strictObject({
      id: z.string(),
      title: z.string(),
      directory: z.string(),
      opencodeVersion: z.string(),
      projectId: z.string().nullable(),
      parentId: z.string().nullable(),
      turn: z.int(),
      turns: z.int(),
      unread: z.record(z.string(), z.number()),
    }),
    loop,
    wire: wireTables.exactOptional(),
  }),
);

/** `show --step … --json` */
export const stepJson = z.array(
  z.strictObject({
    traceId,
    sessionId: z.string(),
    turn: z.int(),
    path: z.string().regex(/^\d+(\/\d+\/\d+)*$/),
    step,
  }),
);

/** `tokens --json` */
export const tokensJson = z.array(
  z.strictObject({
    traceId,
    sessionId: z.string(),
    turn: z.int(),
    missingSubagents: z.int(),
    otherCalls: z.array(otherCall).exactOptional(),
    calls: z.array(
      z.strictObject({
        name: z.string(),
        depth: z.int(),
        sessionId: z.string(),
        spanId: span.spanId,
        prompt: z.strictObject({ total: z.number(), cached: z.number(), new: z.number() }).nullable(),
        output: z.number().nullable(),
        reasoning: z.number().nullable(),
        context: z.number().nullable(),
        growth: z.number().nullable(),
        cacheHitRatio: z.number().nullable(),
        cost: z.number().nullable(),
        causes: z.array(cause.extend({ about: z.string().nullable() })),
        doubt: usageDoubt.nullable(),
      }),
    ),
  }),
);

const figures = {
  calls: z.int(),
  errors: z.int(),
  unfinished: z.int(),
  withoutTime: z.int(),
  boundedCalls: z.int(),
  subagentCalls: z.int(),
  p50Ms: z.number().nullable(),
  p90Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  maxMs: z.number().nullable(),
  totalMs: z.number(),
  busyMs: z.number(),
  share: z.number().min(0).max(1).nullable(),
  permissionWaitMs: z.number(),
};

/** `tools --json` */
export const toolsJson = z.strictObject({
  groupedBy: z.enum(["tool", "server"]),
  sessions: z.int(),
  turns: z.int(),
  copiedTurns: z.int(),
  missingSubagents: z.int(),
  durationMs: z.number(),
  tools: z.array(z.strictObject({ name: z.string(), server: z.string(), ...figures })),
  total: z.strictObject(figures),
  own: z.array(z.strictObject({ name: z.string(), server: z.string(), ...figures })),
  slowest: z.array(
    z.strictObject({
      tool: z.string(),
      server: z.string(),
      durationMs: z.number(),
      permissionWaitMs: z.number().nullable(),
      timing: span.timing,
      start: z.number(),
      failure: z.strictObject({ kind: failureKind, message: z.string() }).nullable(),
      withSubagent: z.boolean(),
      sessionId: z.string(),
      turn: z.int(),
      turns: z.int(),
      step: z.string().regex(/^\d+(\/\d+\/\d+)*$/),
      traceId,
      spanId: span.spanId,
      callId: z.string(),
      arguments: z.unknown(),
    }),
  ),
});

const statsFigures = {
  sessions: z.int(),
  turns: z.int(),
  failed: z.int(),
  unfinished: z.int(),
  steps: z.int(),
  calls: z.int(),
  retries: z.int(),
  toolCalls: z.int(),
  toolFailures: z.int(),
  usage: usage.nullable(),
  tokens: z.number().nullable(),
  cacheShare: z.number().min(0).max(1).nullable(),
  cost: z.number().nullable(),
  costByUser: z.number(),
  unpriced: z.strictObject({ calls: z.int(), tokens: z.number() }),
  saved: z.number().nullable(),
  cacheBreaks: z.strictObject({ count: z.int(), tokens: z.number(), cost: z.number().nullable() }),
  others: z.strictObject({
    calls: z.int(),
    tokens: z.number().nullable(),
    cost: z.number().nullable(),
    withoutUsage: z.int(),
    withoutCost: z.int(),
  }),
  time: z.strictObject({
    total: z.number(),
    model: z.number(),
    tools: z.number(),
    waiting: z.number(),
    retries: z.number(),
    opencode: z.number(),
  }),
  turnMs: z.strictObject({ p50: z.number().nullable(), p90: z.number().nullable(), max: z.number().nullable() }),
  gaps: z.strictObject({ missingSubagents: z.int(), doubtfulCalls: z.int(), withoutUsage: z.int() }),
};
const daySpan = z.strictObject({ from: z.string(), to: z.string() });
const bothSides = z.strictObject({ before: z.int(), now: z.int() });
const statsKey = z.record(z.string(), z.string().nullable());

/** `stats --json` */
export const statsJson = z.strictObject({
  by: z.array(z.string()),
  timezone: z.string(),
  since: z.number().nullable(),
  until: z.number().nullable(),
  rows: z.array(z.strictObject({ key: statsKey, ...statsFigures })),
  total: z.strictObject(statsFigures),
  copiedTurns: z.int(),
  days: z.array(
    z.strictObject({ day: z.string(), turns: z.int(), tokens: z.number().nullable(), cost: z.number().nullable() }),
  ),
  tools: z
    .array(
      z.strictObject({
        key: statsKey,
        tool: z.string(),
        calls: z.int(),
        failed: z.int(),
        withoutTime: z.int(),
        p50Ms: z.number().nullable(),
        p90Ms: z.number().nullable(),
        maxMs: z.number().nullable(),
        totalMs: z.number(),
      }),
    )
    .nullable(),
  trends: z
    .strictObject({
      span: z.strictObject({ before: daySpan, now: daySpan }).nullable(),
      found: z.array(
        z.strictObject({
          of: z.enum(["tool", "model", "turn"]),
          name: z.string().nullable(),
          measure: z.enum(["time", "firstToken", "cost", "tokens"]),
          before: z.number(),
          now: z.number(),
          ratio: z.number(),
          days: bothSides,
          observations: bothSides,
          p: z.number(),
        }),
      ),
      tested: z.int(),
      tooFew: z.int(),
    })
    .nullable(),
});

/** `doctor --json` */
export const doctorJson = z.strictObject({
  passed: z.boolean(),
  findings: z.array(
    z.strictObject({
      check: z.enum([
        ...(["node", "looptrace", "opencode", "ripgrep", "configuration"] as const),
        ...(["destination", "store", "outbox", "disk", "wire", "servers", "environment"] as const),
      ]),
      status: z.enum(["ok", "warning", "failed"]),
      found: z.string().min(1),
      advice: z.string().min(1).nullable(),
    }),
  ),
});

const taskCount = z.int().min(0);

/** `batch --json` */
export const batchJson = z.strictObject({
  total: taskCount,
  skipped: taskCount,
  skippedFailed: taskCount,
  done: taskCount,
  failed: z.record(z.string(), taskCount),
  notDone: z.array(z.strictObject({ reason: z.string(), provider: z.string().nullable(), tasks: taskCount })),
  changed: taskCount,
  damaged: taskCount,
  verified: z.strictObject({ passed: taskCount, failed: taskCount }),
  usage: totals.shape.usage,
  cost: z.number().nullable(),
  unpriced: taskCount,
  before: z.strictObject({ cost: z.number(), tokens: z.number() }),
  sessions: taskCount,
  sessionsPerMinute: z.number(),
  startedAt: z.number(),
  endedAt: z.number(),
  results: z.string().nullable(),
  undelivered: taskCount,
  delivery: z.array(
    z.strictObject({
      destination: z.string(),
      acknowledged: taskCount,
      pending: taskCount,
      unsaved: taskCount,
      rejected: taskCount,
      lastError: z.string().nullable(),
    }),
  ),
});

const finding = { spanId: z.string(), name: z.string() };
export const verifyJson = z.strictObject({
  verdict: z.enum(["same", "waiting", "wrong"]),
  traces: z.array(
    z.strictObject({
      traceId: z.string().regex(/^[0-9a-f]{32}$/),
      sessionId: z.string(),
      turn: taskCount,
      spans: taskCount,
      verdict: z.enum(["same", "waiting", "wrong"]),
      findings: z.array(
        z.discriminatedUnion("kind", [
          z.strictObject({ kind: z.enum(["missing", "pending", "unsent", "unexpected"]), ...finding }),
          z.strictObject({ kind: z.literal("doubled"), ...finding, times: taskCount }),
          z.strictObject({
            kind: z.literal("different"),
            ...finding,
            fields: z.array(z.strictObject({ field: z.string(), local: z.unknown(), remote: z.unknown() })),
          }),
        ]),
      ),
    }),
  ),
});

export const dashboardJson = z.strictObject({
  id: z.string().nullable(),
  url: z.string().nullable(),
  dryRun: z.boolean(),
  changes: z.array(
    z.strictObject({
      what: z.enum(["dashboard", "widget"]),
      name: z.string(),
      done: z.enum(["made", "changed", "unchanged", "removed", "refused", "kept"]),
      why: z.string().nullable(),
    }),
  ),
});

const measureName = z.enum(["pass", "cost", "tokens", "steps", "time", "toolP90"]);
const interval = z.strictObject({ low: z.number(), high: z.number() }).nullable();

/** `experiment --json` */
export const experimentJson = z.strictObject({
  name: z.string(),
  base: z.string(),
  seed: z.string(),
  effect: z.number(),
  runs: taskCount,
  cases: taskCount,
  arms: z.array(
    z.strictObject({
      name: z.string(),
      settings: z.record(z.string(), z.unknown()),
      counted: taskCount,
      missing: taskCount,
      void: z.record(z.string(), taskCount),
      values: z.record(measureName, z.number().nullable()),
    }),
  ),
  comparisons: z.array(
    z.strictObject({
      arm: z.string(),
      comparisons: z.array(
        z.strictObject({
          measure: measureName,
          verdict: z.enum(["better", "worse", "none", "too-few", "order", "unknown"]),
          cases: taskCount,
          base: z.number().nullable(),
          arm: z.number().nullable(),
          change: z.number().nullable(),
          interval,
          signTest: z.strictObject({ above: taskCount, below: taskCount, p: z.number() }),
          p: z.number(),
          needed: z.strictObject({ cases: taskCount, runs: taskCount.nullable() }).nullable(),
          missing: z.strictObject({ cases: taskCount, runs: taskCount.nullable() }).nullable(),
          notes: z.array(z.string()),
        }),
      ),
      order: z.strictObject({
        pairs: taskCount,
        armSecond: taskCount,
        effects: z.partialRecord(
          measureName,
          z.strictObject({ change: z.number(), interval, isShown: z.boolean(), bias: z.number() }),
        ),
        cachedAtFirst: z.strictObject({ base: z.number().nullable(), arm: z.number().nullable() }),
      }),
    }),
  ),
  warnings: z.array(z.string()),
  batch: batchJson,
});
