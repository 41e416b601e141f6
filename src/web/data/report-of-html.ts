import { z } from "zod";
import type { PagedReport } from "./report-html.js";

/** What tells a report from other data; the page reads the rest, which the same version of this program wrote. */
const reportSchema = z.looseObject({
  title: z.string(),
  version: z.string(),
  traces: z.array(z.looseObject({ traceId: z.string() })),
});
const chunkSchema = z.looseObject({ texts: z.array(z.string()), details: z.array(z.unknown()) });

/** A page that is no report, or one that this looptrace cannot show. */
export class ForeignPageError extends Error {
  override readonly name = "ForeignPageError";
}

const DATA = /<script type="application\/json" id="(report|chunk-\d+)">([^<]*)<\/script>/g;

/**
 * The data of a page that `looptrace report` wrote, to be shown by this program's own page: what else stands in the
 * file, scripts above all, is left alone.
 *
 * @param version looptrace's own: another one's data may mean something else
 * @throws {ForeignPageError} when it is no such page, or another version's
 */
export function reportOfHtml(html: string, version: string): PagedReport {
  const texts = new Map(Array.from(html.matchAll(DATA), ([, id = "", text = ""]) => [id, text]));
  const data = read(texts.get("report"), reportSchema);
  if (!data) throw new ForeignPageError("it is no report that looptrace wrote.");
  if (data.version !== version)
    throw new ForeignPageError(
      `it is a report of looptrace ${data.version}, and this is ${version}. Open the file itself in a browser.`,
    );
  const chunks = Array.from({ length: texts.size - 1 }, (_, index) => read(texts.get(`chunk-${index}`), chunkSchema));
  const whole = chunks.flatMap((chunk) => chunk ?? []);
  if (whole.length < chunks.length) throw new ForeignPageError("it is a report that is not whole.");
  return { data, chunks: whole };
}

function read<Schema extends z.ZodType>(text: string | undefined, schema: Schema): z.infer<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}
