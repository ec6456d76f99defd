/** Pixels of a row of images, the space below it included. */
export const ROW_HEIGHT = 220;
/** The least width of an image with its space. */
export const LEAST_WIDTH = 176;
/** Fewer columns would make 250,000 images higher than browsers can lay out. */
export const LEAST_COLUMNS = 2;
