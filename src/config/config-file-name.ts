/** Read without the schema of what is in it, which takes long to load. */
export const CONFIG_FILE = "looptrace.config.json";
