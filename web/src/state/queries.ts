import { QueryClient } from "@tanstack/react-query";

/** One cache for everything that is read. What changes on the emulator is told by its events, so nothing is polled. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => isTransport(error) && count < 3,
      retryDelay: (count) => Math.min(500 * 2 ** count, 5_000),
    },
    mutations: { retry: false },
  },
});

/** Whether an error means that no answer came at all (the emulator restarts), so that asking again makes sense. */
export function isTransport(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof TypeError || error.name === "TimeoutError" || error.name === "NetworkError";
}
