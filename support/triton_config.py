"""The part of Triton's ModelConfig that is written, described to protobuf so that its own parser reads it.

Names and types of the fields are those of Triton's published `model_config.proto`; their numbers do not matter to text.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

_DESCRIPTION = """
name: "model_config.proto" package: "inference" syntax: "proto3"
enum_type { name: "DataType"
  value { name: "TYPE_INVALID" number: 0 } value { name: "TYPE_FP32" number: 1 }
  value { name: "TYPE_UINT8" number: 2 } value { name: "TYPE_INT64" number: 3 } }
message_type { name: "Tensor"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "data_type" number: 2 type: TYPE_ENUM label: LABEL_OPTIONAL type_name: ".inference.DataType" }
  field { name: "dims" number: 3 type: TYPE_INT64 label: LABEL_REPEATED }
  field { name: "label_filename" number: 4 type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "ModelDynamicBatching" }
message_type { name: "ModelParameter"
  field { name: "string_value" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "ModelConfig"
  nested_type { name: "ParametersEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_MESSAGE label: LABEL_OPTIONAL type_name: ".inference.ModelParameter" } }
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "backend" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "default_model_filename" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "max_batch_size" number: 4 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field { name: "input" number: 5 type: TYPE_MESSAGE label: LABEL_REPEATED type_name: ".inference.Tensor" }
  field { name: "output" number: 6 type: TYPE_MESSAGE label: LABEL_REPEATED type_name: ".inference.Tensor" }
  field { name: "dynamic_batching" number: 7 type: TYPE_MESSAGE label: LABEL_OPTIONAL
    type_name: ".inference.ModelDynamicBatching" }
  field { name: "parameters" number: 8 type: TYPE_MESSAGE label: LABEL_REPEATED
    type_name: ".inference.ModelConfig.ParametersEntry" } }
"""


def parse_model_config(text: str) -> Any:
    """A `config.pbtxt` as a message; protobuf's ParseError for what is not its text format or names another field."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(_DESCRIPTION, descriptor_pb2.FileDescriptorProto()))
    config = message_factory.GetMessageClass(pool.FindMessageTypeByName("inference.ModelConfig"))()
    return text_format.Parse(text, config)
