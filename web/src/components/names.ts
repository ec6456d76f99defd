/** The API's rule for names of projects and versions (P-3). */
export const isProjectName = (name: string) => /^[a-zA-Z0-9_.-]{1,255}$/.test(name);

/** Whether AWS's console, not its API, would refuse the name. */
export const nameWarning = (name: string) => isProjectName(name) && !/^[a-zA-Z0-9]{1,63}$/.test(name);

const two = (value: number) => String(value).padStart(2, "0");

/** The name that the console gives a version (C-28): PROJECT.YYYY-MM-DDTHH.MM.SS in the reader's zone, at most 255. */
export function versionName(project: string, now: Date): string {
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = `${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}`;
  const tail = `.${date}T${time}`;
  return project.slice(0, 255 - tail.length) + tail;
}
