/**
 * Milliseconds that only go up. Taken hold of when this module is loaded: a service's tests replace `performance` by a clock that
 * stands still, by which no turn would ever have lasted too long.
 */
export const monotonic: () => number = performance.now.bind(performance);
