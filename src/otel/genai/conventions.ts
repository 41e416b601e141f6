/**
 * Every name of OpenTelemetry's conventions that looptrace sends to backends other than Langfuse, in one place, so that
 * a new version of the conventions is one change. Names of looptrace's own begin with `looptrace.`.
 */
import {
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_ERROR_TYPE,
  ATTR_SERVICE_NAME,
} from "@opentelemetry/semantic-conventions";
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_AGENT_VERSION,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOKEN_TYPE,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_USER_ID,
  METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
  METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
  METRIC_GEN_AI_CLIENT_TOKEN_USAGE,
} from "@opentelemetry/semantic-conventions/incubating";

/** The conventions that the names are of: the last release that has those for GenAI. */
export const CONVENTIONS = {
  version: "1.41.1",
  schemaUrl: "https://opentelemetry.io/schemas/1.41.1",
} as const;

/** Attributes of spans, by what they are for. */
export const names = {
  agentName: ATTR_GEN_AI_AGENT_NAME,
  agentVersion: ATTR_GEN_AI_AGENT_VERSION,
  cacheReadTokens: ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  cacheWriteTokens: ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  conversationId: ATTR_GEN_AI_CONVERSATION_ID,
  errorType: ATTR_ERROR_TYPE,
  finishReasons: ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  inputMessages: ATTR_GEN_AI_INPUT_MESSAGES,
  inputTokens: ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  operationName: ATTR_GEN_AI_OPERATION_NAME,
  outputMessages: ATTR_GEN_AI_OUTPUT_MESSAGES,
  outputTokens: ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  providerName: ATTR_GEN_AI_PROVIDER_NAME,
  reasoningTokens: ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  requestModel: ATTR_GEN_AI_REQUEST_MODEL,
  requestStream: ATTR_GEN_AI_REQUEST_STREAM,
  responseId: ATTR_GEN_AI_RESPONSE_ID,
  responseModel: ATTR_GEN_AI_RESPONSE_MODEL,
  systemInstructions: ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  timeToFirstChunk: ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  toolArguments: ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  toolCallId: ATTR_GEN_AI_TOOL_CALL_ID,
  toolDefinitions: ATTR_GEN_AI_TOOL_DEFINITIONS,
  toolName: ATTR_GEN_AI_TOOL_NAME,
  toolResult: ATTR_GEN_AI_TOOL_CALL_RESULT,
  toolType: ATTR_GEN_AI_TOOL_TYPE,
  userId: ATTR_USER_ID,
} as const;

/** Attributes of resources. */
export const resourceNames = {
  environment: ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  instance: ATTR_SERVICE_INSTANCE_ID,
  service: ATTR_SERVICE_NAME,
} as const;

/** Values of `gen_ai.operation.name`, which span names begin with. */
export const operations = {
  agent: "invoke_agent",
  chat: "chat",
  tool: "execute_tool",
} as const;

/** Attributes that metrics have beside those of spans. */
export const metricAttributeNames = { tokenType: ATTR_GEN_AI_TOKEN_TYPE } as const;

/** A metric as the conventions describe it. */
interface Instrument {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** Upper bounds of a histogram's buckets; absent where it is a sum. */
  readonly boundaries?: readonly number[];
  /** Its values are whole numbers. */
  readonly isWhole?: true;
}

const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);

/**
 * The metrics, by what they are for. Those of agents and tools are of the conventions' next version, which has them
 * first and gives them no bounds of buckets yet: these go up to an hour. `looptrace.*` are sums that the conventions
 * have no metric for: each kind of token, none in two kinds, and the cost.
 */
export const metrics = {
  chatDuration: {
    name: METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
    unit: "s",
    description: "GenAI operation duration.",
    boundaries: SECONDS,
  },
  timeToFirstChunk: {
    name: METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
    unit: "s",
    description: "Time to receive the first chunk in a streaming response.",
    boundaries: SECONDS,
  },
  tokenUsage: {
    name: METRIC_GEN_AI_CLIENT_TOKEN_USAGE,
    unit: "{token}",
    description: "Number of input and output tokens used.",
    boundaries: TOKENS,
    isWhole: true,
  },
  agentDuration: {
    name: "gen_ai.invoke_agent.duration",
    unit: "s",
    description: "The end-to-end duration of a single agent invocation.",
    boundaries: [0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 3600],
  },
  toolDuration: {
    name: "gen_ai.execute_tool.duration",
    unit: "s",
    description: "The duration of a single tool execution.",
    boundaries: [...SECONDS, 163.84, 327.68, 655.36, 3600],
  },
  tokens: {
    name: "looptrace.tokens",
    unit: "{token}",
    description: "Tokens by kind, each token in one kind.",
    isWhole: true,
  },
  cost: {
    name: "looptrace.cost",
    unit: "{USD}",
    description: "What calls of models cost, as far as opencode knows their prices.",
  },
} as const satisfies Record<string, Instrument>;

export type MetricName = keyof typeof metrics;
