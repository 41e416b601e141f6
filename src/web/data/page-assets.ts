import { readFile } from "node:fs/promises";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { hasCode } from "../../errors/thrown.js";
import type { PageAssets } from "./page-policy.js";

/** The same folder for what was built and for the sources it was built from. */
const FOLDER = new URL("../../../dist/web/pages/", import.meta.url);

/**
 * The bundled program and style sheet of a page.
 *
 * @param name `report` for one session, `list` for the kept ones
 * @throws {ConfigurationError} when looptrace runs from sources that were never built
 */
export async function pageAssets(name: "report" | "list"): Promise<PageAssets> {
  try {
    const [script, style] = await Promise.all(
      ["js", "css"].map((ending) => readFile(new URL(`${name}.${ending}`, FOLDER), "utf8")),
    );
    return { script: script ?? "", style: style ?? "" };
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    throw new ConfigurationError("page", "The page is not built yet. In looptrace's sources: npm run build");
  }
}
