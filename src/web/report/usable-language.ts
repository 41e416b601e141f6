/**
 * uPlot formats numbers by the browser's language as soon as it is loaded, and throws where that is none: a Chromium
 * that is started with `LC_ALL=POSIX` says `en-US@posix`. So this has to be imported before it.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}
