import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import type { CheckedRequest } from "../request/run-request.js";
import type { ServerEvent } from "../schema/server-event.js";
import { connect } from "./connection.js";
import { followEvents } from "./event-stream.js";
import { refuseUnknownAgent } from "./known-agent.js";
import { refuseUnknownModel } from "./known-model.js";
import { type ListedVariants, refuseUnknownVariant } from "./known-variant.js";
import { mcpServersOf } from "./mcp-servers.js";
import { missedEvents } from "./missed-events.js";
import { newMessageId } from "./new-message-id.js";
import { createSession, filePart, openSession, usableAgent } from "./open-session.js";
import { playTurn } from "./play-turn.js";
import { servedProgress } from "./served-progress.js";
import type { OpenedSession, ServerAdapter, TurnEnd, TurnToPlay } from "./server-adapter.js";
import { directoryOfSession } from "./session-place.js";
import { type BegunSession, withSubagents } from "./subagent-progress.js";
import { toldPrompts } from "./told-prompts.js";

/** How a server of opencode 1.x is driven: by opencode's own client. */
export const adapterOf1: ServerAdapter<OpencodeClient, ServerEvent> = {
  connect,
  // Asked for few runs: what does so is loaded for these alone.
  directoryOf: (...asked) => directoryOfSession(...asked),
  follow: followEvents,
  create: createSession,
  asksFirst: ({ model, refuseUnknownModel }) => model !== undefined && refuseUnknownModel === true,
  open,
  missed: missedEvents,
  facts: (event) => [event],
  progress: withSubagents(servedProgress, begunBy),
  told: toldPrompts,
  reply:
    (client) =>
    ({ requestID, reply }) =>
      client.permission.reply({ requestID, reply }),
  serve: () => undefined,
  keepsAlways: false,
  play: (client, turn) =>
    playTurn(
      {
        prompt: (signal) => prompt(client, turn, signal),
        abort: (signal) => client.session.abort({ sessionID: turn.sessionId }, { signal }),
        idleAfterAll: (signal) => idleAfterAll(client, turn.sessionId, signal),
      },
      turn,
    ),
};

const STATUS_POLL_MS = 500;

async function open(
  client: OpencodeClient,
  request: CheckedRequest,
  agent: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  create: () => Promise<string>,
): Promise<OpenedSession> {
  const [usable, models] = await Promise.all([
    usableAgent(client, agent),
    request.model !== undefined && request.refuseUnknownModel ? modelsOf(client) : NO_MODELS,
  ]);
  refuseUnknownModel(request, models.names, environment);
  refuseUnknownVariant(request, models.variants);
  if (request.refuseUnknownModel && usable.agent === undefined) refuseUnknownAgent(request, usable.agents, environment);
  const [sessionId, mcpServers = []] = await Promise.all([
    openSession(client, request, environment, create),
    mcpServersOf(client, { added: false }),
  ]);
  return { sessionId, agent: usable.agent, agents: usable.agents, mcpServers };
}

interface ListedModels {
  /** As `provider/model`; none where the server does not say. */
  readonly names: readonly string[];
  readonly variants: ListedVariants;
}

const NO_MODELS: ListedModels = { names: [], variants: new Map() };

async function modelsOf(client: OpencodeClient): Promise<ListedModels> {
  const { data } = await client.config.providers().catch(() => ({ data: undefined }));
  const models = (data?.providers ?? []).flatMap((provider) =>
    Object.entries(provider.models).map(([id, model]) => [`${provider.id}/${id}`, model] as const),
  );
  // Not each opencode tells them.
  const told = models.flatMap(([name, { variants }]) => (variants ? [[name, Object.keys(variants)] as const] : []));
  return { names: models.map(([name]) => name), variants: new Map(told) };
}

/** @throws when there was no answer at all */
async function prompt(
  client: OpencodeClient,
  { request, sessionId, agent, announce }: TurnToPlay,
  signal: AbortSignal,
): Promise<Pick<TurnEnd, "error">> {
  const { message, command, model, variant, files, schema, traceIdOf } = request;
  // The trace's id follows from the prompt's, which opencode else mints when it has it.
  const messageID = traceIdOf && announce ? newMessageId(Date.now()) : undefined;
  if (messageID !== undefined) await announce?.(sessionId, traceIdOf?.(sessionId, messageID) ?? "");
  const shared = {
    sessionID: sessionId,
    ...(messageID === undefined ? {} : { messageID }),
    ...(agent === undefined ? {} : { agent }),
    ...(variant === undefined ? {} : { variant }),
  };
  const answer =
    command === undefined
      ? await client.session.prompt(
          {
            ...shared,
            ...(model === undefined ? {} : { model: modelParts(model) }),
            ...(schema === undefined ? {} : { format: { type: "json_schema", schema } }),
            parts: [...files.map(filePart), { type: "text", text: message }],
          },
          { signal },
        )
      : await client.session.command(
          { ...shared, command, arguments: message, ...(model === undefined ? {} : { model }) },
          { signal },
        );
  if (answer.response?.ok === true) return {};
  // The SDK gives failures of the connection as it gives refusals.
  if (answer.response === undefined) throw answer.error;
  const { error } = answer;
  const name = typeof error === "object" && error !== null && "name" in error ? String(error.name) : "UnknownError";
  const data = typeof error === "object" && error !== null && "data" in error ? error.data : { message: String(error) };
  return { error: { name, data } };
}

function modelParts(model: string): { readonly providerID: string; readonly modelID: string } {
  const [providerID = "", ...rest] = model.split("/");
  return { providerID, modelID: rest.join("/") };
}

async function idleAfterAll(client: OpencodeClient, sessionId: string, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const { data } = await client.session.status({}, { signal }).catch(() => ({ data: undefined }));
    if (!data) return false;
    const status = data[sessionId];
    if (status === undefined || status.type === "idle") return true;
    await sleep(STATUS_POLL_MS);
  }
}

function begunBy(event: ServerEvent): BegunSession | undefined {
  if (event.type !== "session.created") return undefined;
  const { id, parentID, title } = event.properties.info;
  return parentID ? { id, parentId: parentID, title: typeof title === "string" ? title : "" } : undefined;
}
