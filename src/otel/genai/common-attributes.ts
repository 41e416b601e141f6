/** Attributes that spans and metrics have in common. */
import type { Attributes } from "@opentelemetry/api";
import type { ModelFacts, ToolOrigin, WireFacts } from "../../trace/model.js";
import { providerName } from "../facts/provider-name.js";
import { names, operations } from "./conventions.js";

export function chatAttributes(model: ModelFacts | null): Attributes {
  return { [names.operationName]: operations.chat, ...modelAttributes(model) };
}

/** @param origin whose the tool is: what the provider runs is no function that the model's caller has */
export function toolAttributes(name: string, origin: ToolOrigin): Attributes {
  return {
    [names.operationName]: operations.tool,
    [names.toolName]: name,
    [names.toolType]: origin === "provider" ? "extension" : "function",
  };
}

export function modelAttributes(model: ModelFacts | null): Attributes {
  if (!model) return {};
  return { [names.providerName]: providerName(model.providerId), [names.requestModel]: model.modelId };
}

export function agentAttributes(agent: string | null): Attributes {
  return agent === null ? {} : { [names.agentName]: agent };
}

export function responseAttributes({ wire }: { readonly wire?: WireFacts }): Attributes {
  return {
    ...(wire?.responseId === undefined ? {} : { [names.responseId]: wire.responseId }),
    ...(wire?.responseModel === undefined ? {} : { [names.responseModel]: wire.responseModel }),
  };
}
