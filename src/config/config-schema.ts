import { z } from "zod";
import { configFile } from "./config-file.js";

/**
 * The JSON schema of `looptrace.config.json`, which editors complete and check the file with, as it is written: durations
 * are texts there. In draft 7, which editors know best.
 */
export function configSchema() {
  return z.toJSONSchema(configFile, { io: "input", target: "draft-7" });
}
