/** No export of opencode 2 says which version wrote it. */
export const UNTOLD_VERSION = "2.x";
