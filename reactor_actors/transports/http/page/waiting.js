// Waiting that ends: with its time, or with a signal.

/** Wait; rejects at once when the signal is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** Wait for a promise, but not beyond the signal. */
export function aborting(promise, signal) {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

/** Return a signal that is aborted with this one, or by itself after a time. */
export function limited(signal, seconds) {
  const either = new AbortController();
  // `AbortSignal.any` would do, where every browser had it.
  for (const one of [signal, AbortSignal.timeout(seconds * 1000)]) {
    const end = () => either.abort(one.reason);
    if (one.aborted) end();
    one.addEventListener("abort", end, { once: true, signal: either.signal });
  }
  return either.signal;
}
