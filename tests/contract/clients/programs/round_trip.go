// The round trip with the AWS SDK for Go, version 2. Prints one JSON object. Usage: round_trip BUCKET
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	background, bucket := context.Background(), aws.String(os.Args[1])
	settings, err := config.LoadDefaultConfig(background)
	must(err)
	client := s3.NewFromConfig(settings, func(options *s3.Options) {
		options.EndpointResolver = s3.EndpointResolverFromURL(os.Getenv("ENDPOINT"))
		options.UsePathStyle = true
	})
	_, err = client.CreateBucket(background, &s3.CreateBucketInput{Bucket: bucket})
	must(err)
	contents := make([]byte, 12<<20)
	_, err = rand.Read(contents)
	must(err)
	small := aws.String("ä b+c.jpg")
	_, err = client.PutObject(background, &s3.PutObjectInput{
		Bucket: bucket, Key: small, Body: bytes.NewReader([]byte("small")), Metadata: map[string]string{"kept": "yes"},
	})
	must(err)
	_, err = manager.NewUploader(client).Upload(background, &s3.PutObjectInput{
		Bucket: bucket, Key: aws.String("deep/large.bin"), Body: bytes.NewReader(contents),
	})
	must(err)
	source := aws.String(os.Args[1] + "/%C3%A4%20b%2Bc.jpg")
	_, err = client.CopyObject(background, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy.jpg"), CopySource: source})
	must(err)
	part, err := client.GetObject(background, &s3.GetObjectInput{
		Bucket: bucket, Key: aws.String("deep/large.bin"), Range: aws.String(fmt.Sprintf("bytes=%d-%d", 7<<20, 7<<20+999)),
	})
	must(err)
	piece, err := io.ReadAll(part.Body)
	must(err)
	request, err := s3.NewPresignClient(client).PresignGetObject(background, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("copy.jpg")})
	must(err)
	answer, err := http.Get(request.URL)
	must(err)
	presigned, err := io.ReadAll(answer.Body)
	must(err)
	described, err := client.HeadObject(background, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("copy.jpg")})
	must(err)
	_, failure := client.GetObject(background, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("missing")})
	var modelled smithy.APIError
	if !errors.As(failure, &modelled) {
		must(fmt.Errorf("no modelled error: %v", failure))
	}
	listed, err := client.ListObjectsV2(background, &s3.ListObjectsV2Input{Bucket: bucket})
	must(err)
	keys, identifiers := []string{}, []types.ObjectIdentifier{}
	for _, object := range listed.Contents {
		keys = append(keys, *object.Key)
		identifiers = append(identifiers, types.ObjectIdentifier{Key: object.Key})
	}
	sort.Strings(keys)
	_, err = client.DeleteObjects(background, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: identifiers}})
	must(err)
	_, err = client.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: bucket})
	must(err)
	_, gone := client.HeadBucket(background, &s3.HeadBucketInput{Bucket: bucket})
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"version":  aws.SDKVersion,
		"keys":     keys,
		"same":     bytes.Equal(piece, contents[7<<20:7<<20+1000]) && string(presigned) == "small",
		"metadata": described.Metadata["kept"],
		"missing":  modelled.ErrorCode(),
		"left":     gone == nil,
	}))
}
