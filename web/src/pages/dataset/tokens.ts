import * as design from "@cloudscape-design/design-tokens";

/** Colours of the design system for dataset.css. */
const TOKENS = {
  "--cl-background": design.colorBackgroundContainerContent,
  "--cl-shaded": design.colorBackgroundCellShaded,
  "--cl-border": design.colorBorderDividerDefault,
  "--cl-text": design.colorTextBodyDefault,
  "--cl-secondary": design.colorTextBodySecondary,
  "--cl-chosen": design.colorBorderItemSelected,
  "--cl-chosen-background": design.colorBackgroundItemSelected,
  "--cl-focus": design.colorBorderItemFocused,
  "--cl-error": design.colorTextStatusError,
  "--cl-warning": design.colorTextStatusWarning,
  "--cl-font": design.fontFamilyBase,
};

/** Gives them to the body: dark mode changes the tokens there, and dialogs hang below it. */
export function setTokens(): void {
  for (const [name, value] of Object.entries(TOKENS)) document.body.style.setProperty(name, value);
}
