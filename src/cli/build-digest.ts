/**
 * Names the code that runs: 16 hex digits, which the bundle's writer puts in here. Sources that run as they are have no
 * such name.
 */
export const BUILD_DIGEST = "@build-digest@";
