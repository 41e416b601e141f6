import { readFile } from "node:fs/promises";
import { hasCode } from "../deliver/private-files.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import type { PageAssets } from "../view/report/report-html.js";

/** The same folder for what was built and for the sources it was built from. */
const FOLDER = new URL("../../dist/report/", import.meta.url);

/**
 * The bundled program and style sheet of the report's page.
 *
 * @throws {ConfigurationError} when looptrace runs from sources that were never built
 */
export async function pageAssets(): Promise<PageAssets> {
  try {
    const [script, style] = await Promise.all(
      ["page.js", "page.css"].map((name) => readFile(new URL(name, FOLDER), "utf8")),
    );
    return { script: script ?? "", style: style ?? "" };
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    throw new ConfigurationError(
      "page",
      "The report's page is not built yet. In looptrace's sources: npm run build",
    );
  }
}
