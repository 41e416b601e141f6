import type { StorePaths } from "../../files/store-paths.js";
import type { Masking } from "../../masking/mask.js";
import type { UserPrices } from "../../opencode/model.js";

/** What is kept, where, and what is masked in it. */
export interface KeptSource {
  readonly paths: StorePaths;
  readonly masking: Masking;
  /** What models cost by the user's own word. */
  readonly prices?: UserPrices | undefined;
}
