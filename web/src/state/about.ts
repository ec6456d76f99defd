import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api/client";

/** What emulator this is; the same for every identity, and until it is started anew. */
export function useAbout() {
  const api = useApi();
  return useQuery({ queryKey: ["about"], queryFn: ({ signal }) => api.get("/about", {}, signal), staleTime: Infinity });
}
