import { controlTokenStore } from "../state/controlToken";
import { createStore } from "../state/store";
import { errorOf } from "./client";

/** Whether a control call was refused for want of the token, so that the page asks for it. */
export const tokenWantedStore = createStore(false);

/** A call to /_emulator, which is not AWS's: clock, transitions, outages. Raises ApiError. */
export async function callControl<T>(method: string, path: string, body?: unknown): Promise<T> {
  const token = controlTokenStore.get();
  const response = await fetch(`/_emulator${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (response.status === 401) tokenWantedStore.set(true);
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as T;
}
