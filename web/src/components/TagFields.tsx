import TagEditor, { type TagEditorProps } from "@cloudscape-design/components/tag-editor";

/** Tags that are being edited. `areValid` is what the design system says of them: no empty or doubled key, no `aws:`. */
export interface EditedTags {
  tags: readonly TagEditorProps.Tag[];
  areValid: boolean;
}

export const EMPTY_TAGS: EditedTags = { tags: [], areValid: true };
/** The service's limit for one resource. */
const TAG_LIMIT = 200;

export const tagsAreValid = ({ areValid }: EditedTags) => areValid;

/** As the API takes them: those that are not marked for removal. */
export function tagsOf({ tags }: EditedTags): Record<string, string> {
  return Object.fromEntries(tags.filter((tag) => !tag.markedForRemoval).map((tag) => [tag.key, tag.value]));
}

/** "Add new tag", Key, Value, Remove (C-14, C-24). */
export function TagFields({ tags, onChange }: { tags: EditedTags; onChange: (tags: EditedTags) => void }) {
  return (
    <TagEditor
      tags={tags.tags}
      tagLimit={TAG_LIMIT}
      onChange={({ detail }) => onChange({ tags: detail.tags, areValid: detail.valid })}
      keysRequest={() => Promise.resolve([])}
      valuesRequest={() => Promise.resolve([])}
    />
  );
}
