import {
  GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
  GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_INFERENCE,
  GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI,
  GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI,
  GEN_AI_PROVIDER_NAME_VALUE_X_AI,
} from "@opentelemetry/semantic-conventions/incubating";

/** opencode's provider ids (those of models.dev) where OTel's conventions have another name for the same. */
const names: ReadonlyMap<string, string> = new Map([
  ["amazon-bedrock", GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK],
  ["azure", GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  ["azure-cognitive-services", GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_INFERENCE],
  ["google", GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI],
  ["google-vertex", GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  ["google-vertex-anthropic", GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  ["mistral", GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI],
  ["xai", GEN_AI_PROVIDER_NAME_VALUE_X_AI],
]);

/** `gen_ai.provider.name` for a provider of opencode; one that the conventions do not list keeps its id. */
export function providerName(providerId: string): string {
  return names.get(providerId) ?? providerId;
}
