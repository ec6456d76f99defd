import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { ResultItem } from "../../api/types";
import { BoxOverlay } from "../../components/BoxOverlay";
import { Modal } from "../../components/Modal";
import { Picture } from "../../components/Picture";
import { useTexts } from "../../texts";
import { boxesOf } from "./boxes";
import { ResultList } from "./ResultCard";

/** One image of the test dataset, large, with the boxes of either side. */
export function Enlarged({ item, onClose }: { item: ResultItem; onClose: () => void }) {
  const { results: words, common } = useTexts();
  const [truth, setTruth] = useState(true);
  const [answer, setAnswer] = useState(true);
  const hasBoxes = item.truth.some((one) => one.box) || item.results.some((one) => one.box);
  return (
    <Modal
      visible
      size="large"
      onDismiss={onClose}
      header={<bdi className="long-text">{item.name}</bdi>}
      footer={
        <Box float="right">
          <Button onClick={onClose}>{common.close}</Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {hasBoxes && (
          <SpaceBetween direction="horizontal" size="l">
            <Checkbox checked={truth} onChange={({ detail }) => setTruth(detail.checked)}>
              {words.showTruth}
            </Checkbox>
            <Checkbox checked={answer} onChange={({ detail }) => setAnswer(detail.checked)}>
              {words.showAnswer}
            </Checkbox>
          </SpaceBetween>
        )}
        <BoxOverlay boxes={boxesOf(item, { truth, answer })}>
          <Picture bucket={item.bucket} objectKey={item.key} width={1024} alt={item.name} />
        </BoxOverlay>
        <ResultList results={item.results} />
        <Box variant="small">{words.gone}</Box>
      </SpaceBetween>
    </Modal>
  );
}
