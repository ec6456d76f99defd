/** What a user of the SDK can read of an error. */
const { RekognitionServiceException } = require("@aws-sdk/client-rekognition");

async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return {
      name: error.name,
      constructor: error.constructor.name,
      isServiceException: error instanceof RekognitionServiceException,
      fault: error.$fault,
      status: error.$metadata?.httpStatusCode,
      requestId: error.$metadata?.requestId,
      message: error.message,
      Code: error.Code,
      Logref: error.Logref,
    };
  }
  throw new Error("the call succeeded");
}

module.exports = { errorOf };
