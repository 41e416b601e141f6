/** Sessions whose prompts a provider counts with a real tokenizer, made of this repository's own texts. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import type { Segment } from "../../../src/wire/segment.js";
import type { CountedCall } from "../../../src/wire/segments/calibrate.js";
import { segmentsOf } from "../../../src/wire/segments/segments-of.js";
import { exchangeOf } from "../exchanges.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const OWNERS = { mcpServers: ["jira"], agent: "build" };
/** What a provider counts of a part beside its text. */
const FRAME = 4;

/** A call with the tokens that the provider counted for each of its segments. */
export interface TrueCall extends CountedCall {
  readonly truth: readonly number[];
}

/** Pieces of this repository's files, always the same for a seed. */
export class Texts {
  private readonly prose = textsIn("docs", ".md");
  private readonly code = [
    ...textsIn("src/trace", ".ts"),
    ...textsIn("src/otel", ".ts"),
    ...textsIn("src/masking", ".ts"),
  ];
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  /** 0 to below 1. */
  random(): number {
    this.state = (this.state * 1_103_515_245 + 12_345) % 2 ** 31;
    return this.state / 2 ** 31;
  }

  words(length: number): string {
    return this.piece(this.prose, length);
  }

  lines(length: number): string {
    return this.piece(this.code, length);
  }

  private piece(texts: readonly string[], length: number): string {
    const text = texts[Math.floor(this.random() * texts.length)] ?? "";
    const from = Math.floor(this.random() * Math.max(1, text.length - length));
    return text.slice(from, from + length);
  }
}

/** Read once for all sessions. */
const read = new Map<string, readonly string[]>();

function textsIn(folder: string, ending: string): readonly string[] {
  const known = read.get(folder);
  if (known) return known;
  const names = readdirSync(path.join(root, folder)).filter((name) => name.endsWith(ending));
  const texts = names.sort().map((name) => readFileSync(path.join(root, folder, name), "utf8"));
  read.set(folder, texts);
  return texts;
}

/**
 * A session of that many calls, each with a tool's result more than the one before.
 *
 * @param options.dearer how many tokens the provider's tokenizer has for one of the real one's
 * @param options.image one is given back by the second call
 * @param options.tellsAnswers whether the provider counts what the model answers
 */
export function countedSession(
  calls: number,
  options: {
    readonly seed: number;
    readonly dearer?: number;
    readonly image?: number;
    readonly tellsAnswers?: boolean;
  },
): readonly TrueCall[] {
  const { dearer = 1, image } = options;
  const texts = new Texts(options.seed);
  const system = [
    `You are opencode, an agent.\n\n${texts.words(7_000)}\n`,
    "You are powered by the model named m1. The exact model ID is p/m1\n<env>\n  Working directory: /work\n</env>\n",
    `Instructions from: /repo/AGENTS.md\n${texts.words(2_500)}\n`,
  ].join("");
  const tools = Array.from({ length: 12 }, (_, index) => ({
    name: `${index % 3 === 0 ? "jira" : "tool"}_${index}`,
    description: texts.words(300 + 1_500 * texts.random()),
    input_schema: {
      type: "object",
      properties: { filePath: { type: "string", description: texts.words(90) }, limit: { type: "number" } },
      required: ["filePath"],
    },
  }));
  const messages: object[] = [{ role: "user", content: [{ type: "text", text: texts.words(240) }] }];
  return Array.from({ length: calls }, (_, index) => {
    const exchange = exchangeOf("/v1/messages", { model: "m1", max_tokens: 32_000, system, messages, tools });
    const segments = segmentsOf(exchange, OWNERS);
    const truth = segments.map((segment) => dearer * trueTokens(segment, image ?? 0));
    const [answer, ...rest] = step(texts, `call_${index}`, index === 0 && image !== undefined);
    messages.push(answer, ...rest);
    const promptTokens = Math.round(truth.reduce((sum, tokens) => sum + tokens, 0));
    return {
      segments,
      truth,
      promptTokens,
      ...(options.tellsAnswers ? { answer: countedAnswer(answer, dearer) } : {}),
    };
  });
}

function trueTokens({ owner, text }: Segment, image: number): number {
  if (owner.kind === "rest") return 0;
  return owner.kind === "attachment" ? image : tokensIn(text) + FRAME;
}

/** A session's calls repeat what was said before: each text is counted once. */
const counted = new Map<string, number>();

function tokensIn(text: string): number {
  const tokens = counted.get(text) ?? countTokens(text);
  counted.set(text, tokens);
  return tokens;
}

interface Said {
  readonly role: "assistant";
  readonly content: readonly [
    { readonly type: "thinking"; readonly thinking: string; readonly signature: string },
    { readonly type: "text"; readonly text: string },
    { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: object },
  ];
}

/** Marks around calls and names are the provider's own, and counted with the answer. */
function countedAnswer({ content: [{ thinking }, { text }, { name, input }] }: Said, dearer: number) {
  const said = countTokens(text) + countTokens(name) + countTokens(JSON.stringify(input)) + 2;
  return { thinking: Math.round(dearer * countTokens(thinking)), said: Math.round(dearer * said) };
}

function step(texts: Texts, id: string, withImage: boolean): readonly [Said, object] {
  const isEdit = texts.random() > 0.7;
  const input = isEdit
    ? { filePath: "/repo/src/a.ts", oldString: texts.lines(400), newString: texts.lines(500) }
    : { command: `grep -rn "${texts.words(20)}" src`, description: texts.words(40) };
  const result =
    texts.random() > 0.3 ? texts.lines(300 + 6_000 * texts.random()) : texts.words(200 + 800 * texts.random());
  const picture = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } };
  return [
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: texts.words(40 + 500 * texts.random()), signature: "sealed" },
        { type: "text", text: `${texts.words(150 * texts.random())}.` },
        { type: "tool_use", id, name: isEdit ? "edit" : "bash", input },
      ],
    },
    {
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: id,
          content: [{ type: "text", text: isEdit ? "Edit applied." : result }, ...(withImage ? [picture] : [])],
        },
      ],
    },
  ];
}
