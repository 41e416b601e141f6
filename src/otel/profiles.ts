import { genaiProfile } from "./genai/genai-profile.js";
import { langfuseProfile } from "./langfuse/langfuse-profile.js";
import type { SpanProfile, SpanProfileName } from "./span-profile.js";

const profiles: Readonly<Record<SpanProfileName, SpanProfile>> = { langfuse: langfuseProfile, genai: genaiProfile };

/** What spans say, by whom they are for. */
export function spanProfile(name: SpanProfileName): SpanProfile {
  return profiles[name];
}
