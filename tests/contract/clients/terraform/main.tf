# A bucket with its settings, photographs in it, a project: what a team keeps as code beside its application.

resource "aws_s3_bucket" "photographs" {
  bucket        = var.bucket
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_versioning" "photographs" {
  bucket = aws_s3_bucket.photographs.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "photographs" {
  bucket                  = aws_s3_bucket.photographs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "photographs" {
  bucket = aws_s3_bucket.photographs.id
  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_acl" "photographs" {
  depends_on = [aws_s3_bucket_ownership_controls.photographs]
  bucket     = aws_s3_bucket.photographs.id
  acl        = "private"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "photographs" {
  bucket = aws_s3_bucket.photographs.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "photographs" {
  bucket = aws_s3_bucket.photographs.id
  cors_rule {
    allowed_methods = ["GET", "PUT"]
    allowed_origins = ["https://labels.example"]
    allowed_headers = ["*"]
    max_age_seconds = 600
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "photographs" {
  depends_on = [aws_s3_bucket_versioning.photographs]
  bucket     = aws_s3_bucket.photographs.id
  rule {
    id     = "old versions"
    status = "Enabled"
    filter {
      prefix = "results/"
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "photographs" {
  depends_on = [aws_s3_bucket_public_access_block.photographs]
  bucket     = aws_s3_bucket.photographs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["${aws_s3_bucket.photographs.arn}", "${aws_s3_bucket.photographs.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_s3_object" "photographs" {
  for_each     = fileset(var.folder, "*.png")
  bucket       = aws_s3_bucket_versioning.photographs.bucket
  key          = "photographs/${each.value}"
  source       = "${var.folder}/${each.value}"
  etag         = filemd5("${var.folder}/${each.value}")
  content_type = "image/png"
  tags         = var.tags
}

resource "aws_rekognition_project" "labels" {
  name    = var.project
  feature = "CUSTOM_LABELS"
  tags    = var.tags
}

data "aws_caller_identity" "current" {}

output "account" {
  value = data.aws_caller_identity.current.account_id
}

output "project_arn" {
  value = aws_rekognition_project.labels.arn
}

variable "bucket" { type = string }
variable "project" { type = string }
variable "folder" { type = string }
variable "tags" { type = map(string) }
