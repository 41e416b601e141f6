import { z } from "zod";
import { taskRequestSchema } from "../batch/task.js";

const text = z.string().trim().min(1);

/** What an arm may say: how opencode works on a case, whatever the case itself says of it. */
export const armSettingsSchema = taskRequestSchema
  .unwrap()
  .pick({
    model: true,
    agent: true,
    variant: true,
    systemPrompt: true,
    mcp: true,
    opencode: true,
    instructions: true,
    permissions: true,
    projectConfig: true,
    timeout: true,
    retries: true,
    fallbackModels: true,
    maxSteps: true,
    maxTokens: true,
    maxCost: true,
    maxAttempts: true,
    haltOnDoomLoop: true,
  })
  .extend({
    /** A file with the system prompt; a relative path belongs to the working directory. */
    systemFile: text.exactOptional(),
    /** The commit, branch or tag that is checked out for its runs. */
    ref: text.exactOptional(),
  });

/** What an arm says. */
export type ArmSettings = z.output<typeof armSettingsSchema>;
