import { EventEmitter, once } from "node:events";
import { appendFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import { chatCompletions } from "./chat-completions.js";
import { type Choice, replyChooser } from "./choose-reply.js";
import { usageCounter } from "./counted-usage.js";
import { fillInRecord } from "./fill-in.js";
import { messages } from "./messages.js";
import { playReply, type Stage, sendWhole } from "./play-reply.js";
import { fractionalClock, type OpenRecord, openRecord, type RecordedRequest, sessionOf } from "./recorded-request.js";
import { responses } from "./responses.js";
import type { Reply, Scenario } from "./scenario.js";
import { fieldOf, type WireProtocol } from "./wire-protocol.js";

const protocols = [chatCompletions, messages, responses];

export interface Provider {
  /** `http://127.0.0.1:<port>`; the protocols are below `/v1`. */
  readonly url: string;
  /** Every request so far, in order of arrival; the entries grow while they are answered. */
  readonly requests: readonly RecordedRequest[];
  /** The bodies of these, to the byte. */
  readonly bodies: readonly string[];
  /** What each of them was answered with, as far as it was written: the body before it was packed. */
  readonly answers: readonly string[];
  /** Requests that the scenario did not foresee; a test that runs a scenario expects none. */
  unforeseen(): readonly RecordedRequest[];
  /**
   * Resolves when this many requests (titles not counted) have arrived, with the last of them; rejects when aborted.
   */
  arrivalOf(request: number, signal?: AbortSignal): Promise<RecordedRequest>;
  /** Appends all requests to a file, one JSON object a line. */
  writeRequests(file: string): Promise<void>;
  /** Ends all connections, hanging ones too, and stops listening. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts a model provider on a free port of 127.0.0.1 that replies as the scenario says, in all three protocols.
 *
 * @param options.workdir stands for `{{workdir}}` in tool arguments
 * @param options.strangers sessions that are none of this run: they are refused, and not recorded
 */
export async function startProvider(
  scenario: Scenario,
  options: { readonly workdir: string; readonly strangers?: ReadonlySet<string> },
): Promise<Provider> {
  const choose = replyChooser(scenario);
  const counter = scenario.counts ? usageCounter() : undefined;
  const now = fractionalClock();
  const requests: OpenRecord[] = [];
  const bodies: string[] = [];
  const answers: string[] = [];
  const arrivals = new EventEmitter();

  const ask = (protocol: WireProtocol, body: unknown, model: string): Choice => {
    const tools = fieldOf(body, "tools");
    return choose({
      model,
      hasTools: Array.isArray(tools) && tools.length > 0,
      systemText: protocol.systemText(body),
      userTexts: protocol.userTexts(body),
    });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The address is another server's next, which must not get what this one left open.
    if (options.strangers) response.shouldKeepAlive = false;
    const received = now();
    const text = await readText(request).catch(() => undefined);
    // The client died while it was still asking: there is no request to answer.
    if (text === undefined) return;
    if (options.strangers?.has(sessionOf(request.headers) ?? "")) {
      response.writeHead(410).end();
      return;
    }
    const path = request.url?.split("?")[0] ?? "";
    const body = parseJson(text);
    const protocol = request.method === "POST" ? protocols.find((entry) => entry.path === path) : undefined;
    const model = String(fieldOf(body, "model") ?? "");
    const choice = protocol && body !== undefined ? ask(protocol, body, model) : undefined;

    const number = requests.length + 1;
    const record = openRecord({ number, path, model, received, body, choice, headers: request.headers });
    requests.push(record);
    bodies.push(text);
    answers.push("");
    const said = (piece: string): void => {
      answers[number - 1] += piece;
    };
    if (!record.title) arrivals.emit("arrival");
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const stage: Stage = { response, record, now, signal: gone.signal, said };

    if (protocol && (choice?.type === "title" || choice?.type === "reply")) {
      const planned = withWorkdir(choice.reply, options.workdir);
      const usage = (await counter)?.(body, planned) ?? planned.usage;
      const reply = usage ? { ...planned, usage } : planned;
      try {
        await playReply(reply, protocol.frames(reply, record), stage);
      } catch (problem) {
        if (!gone.signal.aborted) throw problem;
        record.outcome = "client-closed";
      }
      return;
    }
    refuse(choice, scenario, stage);
  };

  // One that is kept must not be closed just when opencode asks again: that is a failure to it, and tried again.
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the provider has no port");

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    bodies,
    answers,
    unforeseen: () => requests.filter(({ outcome }) => ["exhausted", "no-lane", "unreadable"].includes(outcome)),
    async arrivalOf(wanted, signal) {
      for (;;) {
        const found = requests.filter(({ title }) => !title)[wanted - 1];
        if (found) return found;
        await once(arrivals, "arrival", signal ? { signal } : {});
      }
    },
    async writeRequests(file) {
      await appendFile(file, requests.map((record) => `${JSON.stringify(record)}\n`).join(""));
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Says what no reply was planned for. 500 as real providers use it; the header keeps opencode's retries short. */
function refuse(choice: Choice | undefined, scenario: Scenario, stage: Stage): void {
  const { record } = stage;
  const problem =
    choice?.type === "exhausted"
      ? `scenario exhausted: lane "${choice.lane}" of "${scenario.name}" has no reply ${choice.index + 1}`
      : choice
        ? `scenario exhausted: no lane of "${scenario.name}" takes this conversation`
        : `the scripted provider does not answer ${record.path} with such a body`;
  record.outcome = choice?.type === "exhausted" || choice?.type === "no-lane" ? choice.type : "unreadable";
  const body = JSON.stringify({ error: { message: problem, type: "scripted_provider_error" } });
  const headers = { "content-type": "application/json", "retry-after-ms": "100" };
  sendWhole(stage, choice ? 500 : 404, headers, body);
}

function withWorkdir(reply: Reply, workdir: string): Reply {
  const toolCalls = reply.toolCalls.map((call) => ({
    ...call,
    arguments:
      typeof call.arguments === "string"
        ? call.arguments.replaceAll("{{workdir}}", workdir)
        : fillInRecord(call.arguments, workdir),
  }));
  return { ...reply, toolCalls };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
