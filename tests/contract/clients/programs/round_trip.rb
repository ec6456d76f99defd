# The round trip with the AWS SDK for Ruby. Prints one JSON object. Usage: round_trip.rb BUCKET
require "aws-sdk-s3"
require "json"
require "net/http"
require "tempfile"

bucket = ARGV[0]
client = Aws::S3::Client.new(endpoint: ENV.fetch("ENDPOINT"), force_path_style: true)
resource = Aws::S3::Resource.new(client: client)
client.create_bucket(bucket: bucket)
contents = Random.bytes(12 << 20)
client.put_object(bucket: bucket, key: "ä b+c.jpg", body: "small", metadata: { "kept" => "yes" })
file = Tempfile.new
file.binmode
file.write(contents)
file.close
resource.bucket(bucket).object("deep/large.bin").upload_file(file.path, multipart_threshold: 5 << 20)
resource.bucket(bucket).object("copy.jpg").copy_from(bucket: bucket, key: "ä b+c.jpg")
piece = client.get_object(bucket: bucket, key: "deep/large.bin", range: "bytes=#{7 << 20}-#{(7 << 20) + 999}").body.read
url = Aws::S3::Presigner.new(client: client).presigned_url(:get_object, bucket: bucket, key: "copy.jpg")
presigned = Net::HTTP.get(URI(url))
missing = begin
  client.get_object(bucket: bucket, key: "missing")
rescue Aws::S3::Errors::ServiceError => error
  error.code
end
result = {
  version: Aws::S3::GEM_VERSION,
  keys: resource.bucket(bucket).objects.map(&:key).sort,
  same: piece.b == contents.byteslice(7 << 20, 1000) && presigned == "small",
  metadata: client.head_object(bucket: bucket, key: "copy.jpg").metadata["kept"],
  missing: missing,
}
resource.bucket(bucket).delete!
result[:left] = resource.buckets.map(&:name).include?(bucket)
puts JSON.generate(result)
