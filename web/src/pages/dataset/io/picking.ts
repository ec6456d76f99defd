/** Files and whole folders that the reader drops or chooses. */

import { isClutter, type Picked } from "../model/uploads";

/** Everything of a drop, folders with all that is below them. Call it within the event: browsers forget the items. */
export function dropped(transfer: DataTransfer): Promise<Picked[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return Promise.resolve(chosen([...transfer.files]));
  return Promise.all(entries.map((entry) => walked(entry, ""))).then((parts) => cleaned(parts.flat()));
}

/** Files of a file field; those of a chosen folder carry their path. */
export function chosen(files: readonly File[]): Picked[] {
  return cleaned(files.map((file) => ({ file, path: file.webkitRelativePath || file.name })));
}

function cleaned(picked: readonly Picked[]): Picked[] {
  return picked.filter(({ path }) => !isClutter(path));
}

async function walked(entry: FileSystemEntry, folder: string): Promise<Picked[]> {
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, path }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Picked[] = [];
  for (;;) {
    // A reader gives a part at a time, and nothing at the end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return found;
    for (const child of part) found.push(...(await walked(child, `${path}/`)));
  }
}
