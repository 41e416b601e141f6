/** opencode's store, read by opencode itself in the way of its generation. Other rooms import it from here. */
export type { ExportResult } from "./cli/export-session.js";
export { listStored } from "./store/list-stored.js";
export { readStored, type StoreOptions } from "./store/read-stored.js";
export { SharedStore } from "./store/shared-store.js";
