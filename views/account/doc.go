// Package account is the pages of a person's own account.
package account
