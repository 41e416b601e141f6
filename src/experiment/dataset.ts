import { z } from "zod";
import { ConfigurationError } from "../errors/configuration-error.js";
import type { LangfuseApi } from "../langfuse/api/langfuse-api.js";
import type { Case } from "./plan.js";

/** As Langfuse's own clients ask for them. */
const PAGE = 50;

const dataset = z.object({ id: z.string() });
const page = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      input: z.unknown(),
      expectedOutput: z.json().nullish(),
    }),
  ),
  meta: z.object({ totalPages: z.int() }),
});

/**
 * The cases of a dataset in Langfuse: the items that are not archived, oldest first. An item's input is the prompt: a
 * text, an object with a `prompt`, or messages, of which the last one of the user's is taken. Nothing else of an item
 * decides what is run.
 *
 * @throws {LangfuseApiError} when Langfuse does not answer
 * @throws {ConfigurationError} when there is no item, or one whose input is no prompt
 */
export async function datasetCases(api: LangfuseApi, name: string): Promise<readonly Case[]> {
  const { id: datasetId } = await api.get(`/v2/datasets/${encodeURIComponent(name)}`, dataset);
  const cases: Case[] = [];
  for (let at = 1, pages = 1; at <= pages; at += 1) {
    const query = { datasetName: name, page: at, limit: PAGE };
    const { data, meta } = await api.get("/dataset-items", page, { query });
    pages = meta.totalPages;
    for (const { id, status, input, expectedOutput } of data) {
      if (status !== "ACTIVE") continue;
      const prompt = promptOf(input);
      if (prompt === undefined)
        throw new ConfigurationError(
          "--dataset",
          `The item ${JSON.stringify(id)} of the dataset ${JSON.stringify(name)} has no prompt: its input has to be a text, an object with a "prompt", or messages.`,
        );
      const expected = expectedOutput === undefined || expectedOutput === null ? {} : { expectedOutput };
      cases.push({ id, request: { prompt, ...expected }, item: { datasetId, itemId: id } });
    }
  }
  if (cases.length > 0) return cases.toReversed();
  throw new ConfigurationError("--dataset", `The dataset ${JSON.stringify(name)} has no items.`);
}

const message = z.object({
  role: z.string(),
  content: z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]),
});
const inputs = z.union([
  z.string().transform((prompt) => prompt),
  z.object({ prompt: z.string() }).transform(({ prompt }) => prompt),
  z.array(message).transform(lastOfUser),
  z.object({ messages: z.array(message) }).transform(({ messages }) => lastOfUser(messages)),
]);

function promptOf(input: unknown): string | undefined {
  const prompt = inputs.safeParse(input).data;
  return prompt === undefined || prompt.trim() === "" ? undefined : prompt;
}

function lastOfUser(messages: readonly z.output<typeof message>[]): string | undefined {
  const content = messages.findLast(({ role }) => role === "user")?.content;
  return typeof content === "object" ? content.flatMap(({ text }) => text ?? []).join("\n") : content;
}
