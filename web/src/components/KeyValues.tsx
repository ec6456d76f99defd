import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";

/** Names and values side by side, as many columns as the window has room for. */
export function KeyValues({ items, columns = 4 }: { items: readonly KeyValuePairsProps.Item[]; columns?: number }) {
  return <KeyValuePairs columns={columns} minColumnWidth={180} items={items} />;
}
